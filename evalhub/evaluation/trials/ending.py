"""How a trial ends: decided by its votes, stopped by a person, or failed."""

from __future__ import annotations

from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.services.campaigns import close_campaign
from evalhub.evaluation.errors import NoTrial
from evalhub.evaluation.gate import read_gate
from evalhub.evaluation.judging import Outcome, Verdict
from evalhub.evaluation.models import Comparison, HumanTrial, TrialOutcome, TrialState
from evalhub.evaluation.promotions import record_promotion
from evalhub.evaluation.trials.telling import reason_of
from evalhub.jobs.events import announce
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.registry.services import end_trial_stage


def conclude(
    trial: HumanTrial, outcome: TrialOutcome, *, by: Member | None = None, because: str = ""
) -> None:
    """Close the campaign and write the Promotion; what is in people's hands may still come in.

    Call it in a transaction that holds the trial's row.
    """
    trial.state, trial.outcome, trial.decided_at = TrialState.DECIDED, outcome, timezone.now()
    trial.ended_by, trial.because = by, because
    _answer_no_more(trial, by)
    if trial.campaign is not None and trial.campaign.state != CampaignState.CLOSED:
        close_campaign(campaign=trial.campaign, by=by)
    promoted = outcome == TrialOutcome.BETTER
    if not promoted:
        end_trial_stage(model=trial.candidate, by=by)
    comparisons = {
        name: Comparison.objects.select_related("baseline__model").get(uid=uid)
        for name, uid in trial.evidence.items()
    }
    trial.promotion = record_promotion(
        candidate=trial.evaluation,
        comparisons=comparisons,
        verdict=_verdict(trial, promoted=promoted),
        gate=read_gate(trial.gate),
        by=by,
    )
    trial.save()
    reason = because or trial.promotion.reason
    _record("trial.decided", trial, by, outcome=outcome.value, reason=reason)
    announce("trial.ended", trial.uid, outcome=outcome.value)


def fail(trial: HumanTrial, error: str) -> None:
    trial.state, trial.error = TrialState.FAILED, error
    trial.save()
    _answer_no_more(trial, None)
    end_trial_stage(model=trial.candidate, by=None)
    _record("trial.failed", trial, None, error=error)
    announce("trial.ended", trial.uid)


def demand_running(trial: HumanTrial) -> None:
    if not trial.is_running:
        raise NoTrial(f"This trial is {trial.state} already; it cannot be ended again.")


def _answer_no_more(trial: HumanTrial, by: Member | None) -> None:
    """Nobody will read what the models have not written yet."""
    answers = [trial.candidate_run.job_id, trial.incumbent_run.job_id]
    for job in Job.objects.unended().select_for_update().filter(pk__in=answers).order_by("pk"):
        cancel_job(job=job, by=by)


def _verdict(trial: HumanTrial, *, promoted: bool) -> Verdict:
    reason = reason_of(trial)
    own = Outcome(
        condition="people prefer its answers to those of the model in service, blind",
        met=promoted,
        told=reason,
        metric="win_rate",
        than="incumbent",
        low=trial.look.get("low"),
        high=trial.look.get("high"),
    )
    head = "Promoted" if promoted else "Refused"
    stored = tuple(Outcome(**each) for each in trial.outcomes)
    return Verdict(promote=promoted, reason=f"{head}: {reason}.", outcomes=(*stored, own))


def _record(verb: str, trial: HumanTrial, by: Member | None, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=trial.workspace.slug,
        target=f"trial {trial.uid}",
        **details,
    )
