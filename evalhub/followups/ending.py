"""How a follow-up ends: its figures are worked out, or it failed."""

from __future__ import annotations

from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.services.campaigns import close_campaign
from evalhub.followups.choices import SUM_UP, FollowUpState
from evalhub.followups.models import FollowUp
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job, queue_job


def count_soon(follow_up: FollowUp, *, by: Member | None = None) -> Job:
    """Ask nobody any more, and let a worker say what became of each complaint.

    Call it in a transaction that holds the follow-up's row.
    """
    for campaign in follow_up.campaigns:
        if campaign.state != CampaignState.CLOSED:
            close_campaign(campaign=campaign, by=by)
    for job in Job.objects.unended().select_for_update().filter(pk=follow_up.run.job_id):
        cancel_job(job=job, by=by)
    follow_up.state = FollowUpState.COUNTING
    follow_up.ended_by = by
    follow_up.save(update_fields=["state", "ended_by"])
    return queue_job(
        kind=SUM_UP,
        title=f"What {follow_up.model} learned of what people said",
        workspace=follow_up.workspace,
        by=by,
        subject_uid=follow_up.uid,
        payload={"follow_up": str(follow_up.uid)},
    )


def fail(follow_up: FollowUp, error: str) -> None:
    follow_up.state, follow_up.error = FollowUpState.FAILED, error
    follow_up.done_at = timezone.now()
    follow_up.save()
    note("follow_up.failed", follow_up, None, error=error)


def note(verb: str, follow_up: FollowUp, by: Member | None, **details: object) -> None:
    """In the audit log."""
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=follow_up.workspace.slug,
        target=f"follow-up {follow_up.uid}",
        **details,
    )
