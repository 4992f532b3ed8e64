"""Dataset: an SFT and a preference build of all judgments to date."""

from __future__ import annotations

from typing import Any

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.jobs.models import Job
from evalhub.judgments.choices import Source
from evalhub.loops.errors import StepFailed
from evalhub.loops.models import Step
from evalhub.loops.turn import Turn

KINDS = (BuildKind.SFT, BuildKind.PREFERENCE)


def begin(turn: Turn, step: Step) -> list[Job]:
    builds = {}
    for kind in KINDS:
        dataset = ensure_dataset(
            workspace=turn.workspace,
            name=f"{turn.loop.slug} {kind}",
            kind=kind,
            definition=definition(turn),
        )
        builds[kind.value] = start_build(dataset=dataset, by=turn.round.created_by)
    step.result = {"builds": {kind: str(build.uid) for kind, build in builds.items()}}
    return [build.job for build in builds.values()]


def finish(turn: Turn, step: Step) -> list[Job]:
    """Raise StepFailed when there is nothing to learn from."""
    rows = {build.kind: build.rows for build in turn.builds}
    if not any(split.get("train") for split in rows.values()):
        sources = " and ".join(definition(turn)["sources"])
        raise StepFailed(
            f"The judgments to date ({sources}) make no training row. Collect more in a campaign on "
            f"“{turn.loop.collection}”, or look at the builds to see what was left out and why."
        )
    step.result["rows"] = rows
    return []


def definition(turn: Turn) -> dict[str, Any]:
    sources = [Source.HUMAN.value, Source.IMPORTED.value]
    if turn.policy.accepts_simulated:
        sources.append(Source.SIMULATED.value)
    return {
        "collections": [turn.loop.collection.slug],
        "sources": sources,
        "model": str(turn.loop.base_model.uid),
    }
