"""What leaving somebody out would change: worked out by a job, as it may read a million judgments."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.models import Campaign
from evalhub.jobs.beat import Beat
from evalhub.jobs.choices import ENDED
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job
from evalhub.quality.exclusions import without
from evalhub.quality.models import PREVIEW, ExclusionPreview


@transaction.atomic
def start_preview(*, campaign: Campaign, member: Member, by: Member) -> ExclusionPreview:
    """Queue the working out; one of the same person that is under way is given instead of a second."""
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # one at a time
    rows = ExclusionPreview.objects.filter(campaign=campaign, member=member)
    running = rows.exclude(job__state__in=ENDED).first()
    if running is not None:
        return running
    preview = ExclusionPreview(campaign=campaign, member=member)
    preview.job = queue_job(
        kind=PREVIEW,
        title=f"{campaign} without {member}",
        workspace=campaign.workspace,
        by=by,
        subject_uid=preview.uid,
    )
    preview.save()
    record(
        "member.exclusion_previewed",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"member {member.uid}",
        campaign=str(campaign.uid),
    )
    return preview


def newest_preview(campaign: Campaign, member: Member) -> ExclusionPreview | None:
    """As it was asked for last; its job may be under way."""
    rows = ExclusionPreview.objects.filter(campaign=campaign, member=member)
    return rows.select_related("job", "member").first()


def make_preview(job: Job, beat: Beat) -> dict[str, Any]:
    """Work it out and keep it."""
    preview = ExclusionPreview.objects.select_related("campaign", "member").get(job=job)
    found = without(preview.campaign, preview.member, report=beat.report)
    with beat.fenced():
        preview.body, preview.made_at = asdict(found), timezone.now()
        preview.save()
    return {"judgments": found.judgments, "tasks": found.tasks}
