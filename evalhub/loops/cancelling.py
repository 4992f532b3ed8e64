"""Stopping a Round such that nothing it awaits ends unheard."""

from __future__ import annotations

from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.evaluation.models import HumanTrial
from evalhub.evaluation.services import end_trial
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.loops.choices import RoundState, StepState
from evalhub.loops.errors import BadPolicy
from evalhub.loops.models import Round
from evalhub.loops.turning import advance
from evalhub.sweeps.choices import SweepState
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.services import cancel_sweep


def catch_up(round_: Round) -> None:
    """Do what the news of ended Jobs would do, and hold what the Round still awaits.

    A decision may have put a model in service, which its Loop learns of by `advance` alone. Call it
    in a transaction that holds the Round's row.
    """
    held = None
    while held != (awaited := _awaited(round_)):
        for model in (Job, Sweep, HumanTrial):
            list(model.objects.select_for_update().filter(uid__in=awaited).order_by("pk"))
        held = awaited
        try:
            advance(round_.pk)
        except BadPolicy:  # it cannot go on, and may be stopped all the same
            return
    round_.refresh_from_db(fields=["state", "ended_at"])


def stop(round_: Round, *, by: Member | None) -> None:
    """Cancel the running Step and what it awaits, all of which is held."""
    awaited, now = _awaited(round_), timezone.now()
    round_.state, round_.ended_at = RoundState.CANCELLED, now
    round_.save(update_fields=["state", "ended_at"])
    running = round_.steps.filter(state=StepState.RUNNING)
    running.update(state=StepState.CANCELLED, ended_at=now)
    for job in Job.objects.unended().filter(uid__in=awaited).order_by("pk"):
        cancel_job(job=job, by=by)
    for trial in HumanTrial.objects.filter(uid__in=awaited):
        if trial.is_running:  # else it would promote behind the Loop's back
            end_trial(trial=trial, by=by, because="Its Round was cancelled.")
    searches = Sweep.objects.filter(uid__in=awaited, state=SweepState.RUNNING)
    for sweep in searches.order_by("pk"):
        cancel_sweep(sweep=sweep, by=by)


def _awaited(round_: Round) -> list[str]:
    running = round_.steps.filter(state=StepState.RUNNING).order_by("position")
    return [uid for step in running for uid in step.awaits]
