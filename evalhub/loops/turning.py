"""Moving a Round on. Woken by the news that a Job ended; never waits in a worker's slot."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.db import transaction
from django.utils import timezone

from evalhub.common.errors import DomainError
from evalhub.evaluation.models import HumanTrial
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job, News
from evalhub.loops.choices import RoundState, StepKind, StepState
from evalhub.loops.errors import StepFailed
from evalhub.loops.made import keep_made
from evalhub.loops.models import Round, Step
from evalhub.loops.news import tell_decision, tell_end
from evalhub.loops.steps import PLANS
from evalhub.loops.turn import Awaited, Turn
from evalhub.sweeps.choices import SweepState
from evalhub.sweeps.models import Sweep

log = structlog.get_logger(__name__)


def heard(news: News) -> None:
    """A Job, a Sweep or a trial ended: move on the Round whose running Step awaits it."""
    awaiting = Step.objects.filter(
        state=StepState.RUNNING, awaits__contains=[str(news.subject_uid)]
    )
    for round_pk in awaiting.order_by("pk").values_list("round_id", flat=True):
        advance(round_pk)


@transaction.atomic
def advance(round_pk: int) -> None:
    """Go as far as possible: start Steps, note which are done, end the Round.

    Locks the Round's row, so that two workers who hear of two Jobs do not do a Step twice.
    """
    locked = Round.objects.select_for_update(of=("self",))
    round_ = locked.select_related(
        "loop__workspace", "loop__base_model", "loop__incumbent", "loop__collection", "created_by"
    ).get(pk=round_pk)
    if round_.state != RoundState.RUNNING:
        return
    turn = Turn(round_)
    for step in turn.steps.values():
        if step.state != StepState.SUCCEEDED and not _move(turn, step):
            return
    _end(round_, RoundState.SUCCEEDED)


def _move(turn: Turn, step: Step) -> bool:
    """Begin the Step or go on with it; False while it awaits Jobs, and when it failed."""
    try:
        with transaction.atomic():
            jobs = _next_jobs(turn, step)
    except DomainError as error:
        _fail(step, str(error))
        return False
    except Exception:  # a Round that hangs for ever tells nobody what is wrong
        log.exception("round.step_failed", round=str(turn.round.uid), step=step.kind)
        _fail(
            step, "evalhub failed here, not you. The log has the trace; resume when it is mended."
        )
        return False
    if jobs is None:
        return False
    step.awaits = [str(job.uid) for job in jobs]
    step.state = StepState.RUNNING if jobs else StepState.SUCCEEDED
    step.ended_at = None if jobs else timezone.now()
    step.save()
    keep_made(turn.round, {step.kind: step.result})
    if not jobs and step.kind == StepKind.DECIDE:
        tell_decision(turn.round, turn.promotion)
    return not jobs


def _next_jobs(turn: Turn, step: Step) -> Sequence[Awaited] | None:
    """What to await from now on: nothing when the Step is done, None when some has not ended."""
    plan = PLANS[StepKind(step.kind)]
    if step.state == StepState.WAITING:
        step.started_at, step.policy = timezone.now(), turn.round.policy
        if jobs := plan.begin(turn, step):
            return jobs
        return plan.finish(turn, step)
    awaited = list(Job.objects.filter(uid__in=step.awaits).order_by("pk"))
    for job in awaited:
        if job.state == JobState.FAILED:
            raise StepFailed(job.error)
        if job.state == JobState.CANCELLED:
            raise StepFailed(f"“{job.title}” was cancelled.")
    searches = list(Sweep.objects.filter(uid__in=step.awaits).order_by("pk"))
    for sweep in searches:
        if sweep.state == SweepState.FAILED:
            raise StepFailed(f"The search has failed: {sweep.error}")
        if sweep.state == SweepState.CANCELLED:
            raise StepFailed("The search was cancelled.")
    trials = HumanTrial.objects.filter(uid__in=step.awaits)
    if not all(job.is_ended for job in awaited) or any(sweep.is_running for sweep in searches):
        return None
    if any(trial.is_running for trial in trials):
        return None
    return plan.finish(turn, step)


def _fail(step: Step, error: str) -> None:
    step.state, step.error, step.ended_at = StepState.FAILED, error, timezone.now()
    step.save()
    _end(step.round, RoundState.FAILED)


def _end(round_: Round, state: RoundState) -> None:
    round_.state, round_.ended_at = state, timezone.now()
    round_.save(update_fields=["state", "ended_at"])
    tell_end(Round.objects.select_related("loop__workspace", "campaign").get(pk=round_.pk))
