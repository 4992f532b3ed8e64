"""Train: an adapter afresh from the base on all judgments to date, along the Loop's chain."""

from __future__ import annotations

from evalhub.jobs.models import Job
from evalhub.loops.models import Step
from evalhub.loops.turn import Turn
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Run
from evalhub.runs.services import start_training

BUILD = {"sft": "sft", "dpo": "preference"}


def begin(turn: Turn, step: Step) -> list[Job]:
    pairs = turn.build("preference").rows.get("train", 0)
    recipes = turn.policy.recipes(pairs=pairs)
    step.result = {"chain": recipes, "runs": []}
    return [_start(turn, step, recipes[0], turn.loop.base_model).job]


def finish(turn: Turn, step: Step) -> list[Job]:
    """Go on with the next recipe of the chain, from the adapter just made."""
    runs = step.result["runs"]
    last = Run.objects.select_related("output_model").get(uid=runs[-1])
    remaining = step.result["chain"][len(runs) :]
    if remaining:
        return [_start(turn, step, remaining[0], last.adapter).job]
    step.result["model"] = str(last.adapter.uid)
    return []


def _start(turn: Turn, step: Step, recipe: str, model: LanguageModel) -> Run:
    run = start_training(
        workspace=turn.workspace,
        recipe=recipe,
        model=model,
        build=turn.build(BUILD[recipe]),
        options=turn.policy.options(recipe),
        seed=turn.policy.seed,
        by=turn.round.created_by,
        despite=turn.policy.despite,
        title=f"{turn.round}: {recipe}",
    )
    step.result["runs"].append(str(run.uid))
    return run
