"""Whether what a server serves is the adapter that was trained: starting the check, and what it found."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.prompts.models import Split
from evalhub.registry.models import LanguageModel
from evalhub.runs.demands import demand_served, demand_use, demand_whole
from evalhub.runs.exporting.models import newest_of
from evalhub.runs.inputs import build_file, read_rows, store_rows
from evalhub.runs.models import PROBE, Recipe, Run
from evalhub.runs.services import start_run

MOST_PROMPTS = 20
ORDINARY = (  # for an adapter of which nothing tells on what it learnt
    "Why is the sky blue?",
    "Write a polite e-mail that declines an invitation.",
    "Was ist die Hauptstadt von Frankreich?",
    "List three uses of a paper clip.",
    "How do I boil an egg?",
    "Name a book about the sea.",
)
NO_ENDPOINT = "Name the endpoint that is said to serve the adapter."
WRONG = ("served_is_base", "template_differs")  # what nobody should use


@transaction.atomic
def start_check(*, model: LanguageModel, endpoint: LanguageModel, by: Member | None = None) -> Run:
    """Queue the asking of a server that is said to serve an adapter, or return the one under way.

    Raises:
        CannotRun: it is no adapter that writes answers, or the endpoint is retired.
        NotFound: the endpoint is none, or not of the adapter's workspace.
        BuildErased, BuildCrosses: the build that the prompts come of is no longer whole.
    """
    LanguageModel.objects.select_for_update(no_key=True).get(pk=model.pk)  # two callers: in turn
    demand_use(model, Recipe.CHECK_SERVED)
    demand_served(endpoint, model.workspace)
    last = newest_of(model, Recipe.CHECK_SERVED)
    if last and not last.is_closed and last.spec["served"] == str(endpoint.uid):
        return last
    return start_run(
        workspace=model.workspace,
        recipe=Recipe.CHECK_SERVED,
        model=model,
        served=endpoint,
        # no build's file: erasing finds it by its words
        inputs={"prompts": store_rows(prompts_of(model))},
        by=by,
        title=f"Check what {endpoint} serves against {model}"[:200],
    )


def served_summary(run: Run) -> dict[str, Any]:
    """Of a run that checks: how far it is, and once it is done its shares and findings."""
    return {
        "run": run.uid,
        "state": run.job.state,
        "endpoint": str(run.served),
        "metrics": run.metrics,
        "findings": run.findings,
        "is_right": is_right(run) if run.is_closed else None,
    }


def is_right(run: Run) -> bool:
    """Whether nothing was found that speaks against using what is served."""
    return not {each["code"] for each in run.findings} & {*WRONG}


def prompts_of(model: LanguageModel) -> list[dict[str, Any]]:
    """At most 20, as conversations, which is what a server takes.

    Those that it was held against while it learnt, else its probe's, else those that it learnt from, on which it
    should differ from its base most. None of a test split: they leave the house.
    """
    for build, split in _sources(model):
        demand_whole([build])
        file = build_file(build, f"{split}.jsonl")
        if file and (found := list(islice(_asked(read_rows(file.key)), MOST_PROMPTS))):
            return found
    return [{"id": str(at), "prompt": _turns(each)} for at, each in enumerate(ORDINARY, start=1)]


def _sources(model: LanguageModel) -> Iterator[tuple[DatasetBuild, str]]:
    run = getattr(model, "made_by", None)  # a reverse one-to-one that may be absent
    outside = getattr(model, "outside_training", None)  # likewise
    learnt = list(run.learnt_builds.order_by("pk")) if run else []
    learnt += [outside.build] if outside else []
    yield from ((build, Split.VALIDATION) for build in learnt)
    if run and (uid := run.beside.get(PROBE)):
        probe = DatasetBuild.objects.get(uid=uid)
        yield from ((probe, split) for split in (Split.VALIDATION, Split.TRAIN))
    yield from ((build, Split.TRAIN) for build in learnt)


def _asked(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each prompt once; rows of documents have none."""
    seen = set()
    for row in rows:
        if (prompt := row.get("prompt")) and (told := str(prompt)) not in seen:
            seen.add(told)
            asked = {"id": str(row["id"]), "prompt": _turns(prompt)}
            yield asked | ({"tools": row["tools"]} if row.get("tools") else {})


def _turns(prompt: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
