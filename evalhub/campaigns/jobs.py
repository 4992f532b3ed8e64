from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from evalhub.audit.services import record
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.given_back import GIVEN_BACK
from evalhub.campaigns.models import Campaign, Task, TaskCount
from evalhub.campaigns.queries import added_up, shared_in

LARGE = 20_000  # tasks: up to here a page adds them up itself, in some 6 ms

# Assignments that somebody is submitting at this moment are locked: skipped now, and by the next
# round they are submitted or still out of time.
_RETURN = f"""
    WITH over AS MATERIALIZED (
        SELECT id FROM campaigns_assignment
        WHERE state = 'held' AND expires_at < now()
        ORDER BY expires_at LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
    ), gone AS (
        UPDATE campaigns_assignment a SET state = 'expired', ended_at = now()
        FROM over WHERE a.id = over.id
        RETURNING a.id, a.task_id, a.member_id, a.campaign_id, a.permutation, 0 AS given_up,
                  true AS may_return
    ), begun AS (
        UPDATE campaigns_draft d SET late = true FROM gone WHERE d.assignment_id = gone.id
    ), {GIVEN_BACK}
    SELECT count(*) FROM gone
"""  # noqa: S608  constants only


def return_expired() -> int:
    """Take back leases whose time ran out; each gives its place back exactly once.

    What was typed under one is late from then on, so that its author is offered it first.

    Returns:
        How many were taken back, at most a thousand a call.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RETURN)
        returned: int = cursor.fetchone()[0]
    return returned


def close_overdue() -> int:
    """Close the campaigns whose time is over; return how many."""
    running = [CampaignState.OPEN, CampaignState.PAUSED]
    overdue = Campaign.objects.filter(state__in=running, closes_at__lte=timezone.now())
    closed = 0
    for campaign in overdue.select_related("workspace").order_by("pk"):
        with transaction.atomic():
            mine = overdue.filter(pk=campaign.pk)
            if mine.update(state=CampaignState.CLOSED, closed_at=timezone.now()):
                closed += 1
                record(
                    "campaign.closed",
                    actor="system",
                    workspace=campaign.workspace.slug,
                    target=f"campaign {campaign.uid}",
                    title=campaign.title,
                    because="its time was over",
                )
    return closed


def count_large() -> int:
    """Add up anew each campaign with too many tasks for a page to do it; return how many.

    What is closed was counted while it ran; and for two hours more, in which people send what they hold.
    """
    now = timezone.now()
    still = Q(closed_at=None) | Q(closed_at__gt=now - timedelta(hours=2)) | Q(task_count=None)
    counted = 0
    for campaign in Campaign.objects.filter(still).order_by("pk").values_list("pk", flat=True):
        tasks = Task.objects.filter(campaign=campaign)
        if not tasks.order_by("pk")[LARGE : LARGE + 1]:
            continue
        sums = added_up([campaign])[campaign]
        TaskCount.objects.update_or_create(
            campaign_id=campaign,
            defaults={
                "tasks": sums.tasks,
                "wanted": sums.wanted,
                "done": sums.done,
                "waiting": sums.waiting,
                "shared": shared_in([campaign]).get(campaign, 0),
                "counted_at": now,
            },
        )
        counted += 1
    return counted
