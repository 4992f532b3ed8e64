"""Giving a lease back, keeping it, and keeping what was typed under it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import connection, transaction
from django.utils import timezone

from evalhub.campaigns.choices import SkipReason
from evalhub.campaigns.errors import LeaseLost, UnfitSkip
from evalhub.campaigns.models import Assignment, Draft

# Both in one statement: the place is given back if and only if this call ended the lease.
_GIVE_BACK = """
    WITH mine AS (
        UPDATE campaigns_assignment SET state = %(state)s, ended_at = now(),
               skip_reason = %(reason)s, skip_note = %(note)s
        WHERE id = %(assignment)s AND state = 'held' AND token = %(token)s
        RETURNING task_id
    ), reopened AS (
        UPDATE campaigns_task t SET open_places = open_places + 1
        FROM mine WHERE t.id = mine.task_id
    )
    SELECT count(*) FROM mine
"""


def release(*, assignment: Assignment, token: int) -> None:
    """Hand the task back; the same member may get it again. Raise LeaseLost when it was lost."""
    _give_back(assignment, token, "released")


def skip(
    *, assignment: Assignment, token: int, reason: str = SkipReason.OTHER.value, note: str = ""
) -> None:
    """Hand the task back for good: it is for others.

    Raises:
        LeaseLost: it was lost.
        UnfitSkip: no such reason.
    """
    if reason not in SkipReason.values:
        raise UnfitSkip(
            f"A skip’s reason is one of {', '.join(SkipReason.values)}.", field="reason"
        )
    _give_back(assignment, token, "skipped", reason=reason, note=note)


def _give_back(
    assignment: Assignment,
    token: int,
    state: Literal["released", "skipped"],
    *,
    reason: str = "",
    note: str = "",
) -> None:
    values = {"assignment": assignment.pk, "token": token, "state": state}
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, values | {"reason": reason, "note": note})
        if cursor.fetchone()[0]:
            return
    assignment.refresh_from_db(fields=["state", "token"])
    if assignment.state != state or assignment.token != token:  # a retry is no loss
        raise LeaseLost("You do not hold this task any more.")


def heartbeat(*, assignment: Assignment, token: int) -> datetime:
    """Renew the lease; return when it runs out now. Raise LeaseLost when it was lost."""
    until = timezone.now() + timedelta(minutes=assignment.campaign.lease_minutes)
    renewed = (
        Assignment.objects.held()
        .filter(pk=assignment.pk, token=token, expires_at__gt=timezone.now())
        .update(expires_at=until)
    )
    if not renewed:
        raise LeaseLost("You do not hold this task any more; what you typed is kept.")
    return until


@transaction.atomic
def save_draft(*, assignment: Assignment, body: dict[str, Any]) -> Draft:
    """Keep what is typed so far. After the lease was lost too: then the draft is late."""
    state = Assignment.objects.select_for_update().values_list("state", flat=True)
    late = state.get(pk=assignment.pk) != "held"
    draft, _ = Draft.objects.update_or_create(
        assignment=assignment,
        defaults={"body": body, "late": late, "updated_at": timezone.now()},
    )
    return draft
