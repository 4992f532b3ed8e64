"""What a Round made or used, tied to it by rows, so that pages of apps below can name the Round."""

from __future__ import annotations

from typing import Any

from evalhub.datasets.models import DatasetBuild
from evalhub.loops.choices import StepKind
from evalhub.loops.models import Round
from evalhub.loops.report import runs_of
from evalhub.runs.models import Run


def keep_made(round_: Round, results: dict[str, dict[str, Any]]) -> None:
    """Tie what these results name to the Round; safe to call with the same ones again.

    Args:
        results: by kind of Step, what those Steps have left so far.
    """
    known: dict[str, dict[str, Any]] = {kind.value: {} for kind in StepKind}
    known |= results
    data = known[StepKind.DATASET]
    if "of_round" not in data:  # else another Round built them
        builds = data.get("builds", {}).values()
        round_.builds.add(*DatasetBuild.objects.filter(uid__in=builds).order_by("pk"))
    round_.runs.add(*runs_of(known))
    training = known[StepKind.TRAIN]
    if sweep := training.get("searching", training.get("sweep")):
        round_.runs.add(*Run.objects.filter(try_of__sweep__uid=sweep).order_by("pk"))
