"""Dataset: an SFT and a preference build of all judgments to date, and what else the chain learns from."""

from __future__ import annotations

from typing import Any

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.jobs.models import Job
from evalhub.loops.errors import StepFailed
from evalhub.loops.models import Step
from evalhub.loops.policy import Policy
from evalhub.loops.turn import Turn
from evalhub.quality.models import ConsensusSnapshot

MEASURED = (BuildKind.SFT, BuildKind.PREFERENCE)  # on their test rows, whatever was learnt from
LEARNS_FROM = {"sft": BuildKind.SFT, "dpo": BuildKind.PREFERENCE, "kto": BuildKind.UNPAIRED}


def kinds_of(policy: Policy) -> list[BuildKind]:
    """What a Round builds, in order."""
    return list(dict.fromkeys([*MEASURED, *(LEARNS_FROM[recipe] for recipe in policy.recipes)]))


def begin(turn: Turn, step: Step) -> list[Job]:
    step.result = {"builds": {}}
    return [_start(turn, step, BuildKind.SFT, None).job]


def finish(turn: Turn, step: Step) -> list[Job]:
    """The further builds from the very judgments of the first, whatever was judged meanwhile.

    Raises:
        StepFailed: there is nothing to learn from.
    """
    made = step.result["builds"]
    if missing := [kind for kind in kinds_of(turn.policy) if kind.value not in made]:
        return [_start(turn, step, missing[0], turn.build(BuildKind.SFT).snapshot).job]
    rows = {kind: turn.build(kind).rows for kind in made}
    if not any(split.get("train") for split in rows.values()):
        sources = " and ".join(definition(turn)["sources"])
        raise StepFailed(
            f"The judgments to date ({sources}) make no training row. Collect more in a campaign on "
            f"“{turn.loop.collection}”, or look at the builds to see what was left out and why."
        )
    step.result["rows"] = rows
    return []


def _start(
    turn: Turn, step: Step, kind: BuildKind, snapshot: ConsensusSnapshot | None
) -> DatasetBuild:
    dataset = ensure_dataset(
        workspace=turn.workspace,
        name=f"{turn.loop.slug} {kind}",
        kind=kind,
        definition=definition(turn),
    )
    build = start_build(dataset=dataset, snapshot=snapshot, by=turn.round.created_by)
    step.result["builds"][kind.value] = str(build.uid)
    return build


def definition(turn: Turn) -> dict[str, Any]:
    return {
        "collections": [turn.loop.collection.slug],
        "sources": turn.policy.sources,
        "model": str(turn.loop.base_model.uid),
    }
