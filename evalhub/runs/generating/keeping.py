"""What a generate run wrote, kept as completions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from evalhub.prompts.models import Completion, Generation
from evalhub.prompts.services.generated import Answer, Written, record_generation
from evalhub.prompts.services.scored import record_scores
from evalhub.registry.models import LanguageModel
from evalhub.runs.inputs import read_rows
from evalhub.runs.models import Run

Row = dict[str, Any]  # a line of completions.jsonl
GRID = ("temperatures", "top_ps")


def keep_answers(run: Run) -> list[Written]:
    """Each model's answers by each setting as a Generation, with rewards where a reward model gave them;
    safe to call twice. Parts of one whole are kept together, whichever is done first.
    """
    # held so that two parts which end at once make one Generation
    Run.objects.select_for_update(of=("self",)).get(uid=run.whole_uid)
    models = {str(each.uid): each for each in run.answering} | {"": run.starts_from}
    found: dict[tuple[str, float, float], list[Row]] = {}
    for row in read_rows(run.artifacts["completions.jsonl"]["key"]):
        found.setdefault((row.get("model", ""), row["temperature"], row["top_p"]), []).append(row)
    return [_keep(run, models[model], rows) for (model, _, _), rows in found.items()]


def _keep(run: Run, model: LanguageModel, rows: list[Row]) -> Written:
    options = {name: value for name, value in run.spec["options"].items() if name not in GRID}
    setting = {"temperature": rows[0]["temperature"], "top_p": rows[0]["top_p"]}
    written = record_generation(
        workspace=run.workspace,
        model=model,
        settings=options | setting,
        seed=run.spec["seed"],
        run_uid=run.whole_uid,
        answers=[
            Answer(UUID(row["prompt"]), row["index"], row["content"], row["finish"], row["seed"])
            for row in rows
        ],
    )
    _keep_rewards(run, written.generation, rows)
    return written


def _keep_rewards(run: Run, generation: Generation, rows: list[Row]) -> None:
    judge = run.teacher
    if judge is None:
        return
    given = {(row["prompt"], str(row["index"])): row["reward"] for row in rows if "reward" in row}
    stored = Completion.objects.filter(generation=generation).order_by("pk")
    uids = stored.values_list("prompt__uid", "external_id", "uid")
    scores = {uid: given[str(prompt), index] for prompt, index, uid in uids if (str(prompt), index) in given}  # fmt: skip
    record_scores(model=judge, run_uid=run.uid, scores=scores)
