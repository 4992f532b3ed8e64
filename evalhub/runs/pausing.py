"""Holding a training run, and letting it go on from its last checkpoint."""

from __future__ import annotations

from evalhub.accounts.models import Member
from evalhub.jobs.services import pause_job, resume_job
from evalhub.runs.errors import BadSpec
from evalhub.runs.models import TRAINING, Run


def pause_run(*, run: Run, by: Member | None = None) -> Run:
    """Stop it at its next step, with a checkpoint; nobody takes it until somebody lets it go on.

    Raises:
        BadSpec: it trains nothing, so it keeps no checkpoint that it could go on from.
        JobEnded: there is nothing left to hold.
    """
    if run.recipe not in TRAINING:
        raise BadSpec(
            f"{run.recipe} keeps no checkpoints, so it would begin anew: only a training run is paused. "
            "Cancel it instead."
        )
    run.job = pause_job(job=run.job, by=by)
    return run


def resume_run(*, run: Run, by: Member | None = None) -> Run:
    """It ends with the same weights as if nobody had paused it."""
    run.job = resume_job(job=run.job, by=by)
    return run
