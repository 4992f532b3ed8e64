"""Giving a lease back, keeping it, and keeping what was typed under it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import AssignmentState, Requeue, SkipReason
from evalhub.campaigns.errors import DraftChanged, HandFull, LeaseLost, UnfitSkip
from evalhub.campaigns.given_back import GIVEN_BACK
from evalhub.campaigns.models import Assignment, Draft
from evalhub.campaigns.services.lending import check_may_judge
from evalhub.campaigns.services.shares import take_share
from evalhub.campaigns.services.statements import LOCK_HAND
from evalhub.common.errors import Conflict
from evalhub.common.rows import first_row

# All in one statement: the place is given back if and only if this call ended the lease. What is
# skipped goes where the campaign says; its place opens again, or it is no place any more.
_GIVE_BACK = f"""
    WITH gone AS (
        UPDATE campaigns_assignment a
        SET state = CASE WHEN %(state)s = 'skipped' AND c.requeue = 'back' THEN 'released'
                         ELSE %(state)s END,
            ended_at = now(), skip_reason = %(reason)s, skip_note = %(note)s,
            gave_up_place = (%(state)s = 'skipped' AND c.requeue = 'nobody')
        FROM campaigns_campaign c
        WHERE c.id = a.campaign_id AND a.id = %(assignment)s AND a.state = 'held'
          AND a.token = %(token)s
        RETURNING a.id, a.task_id, a.member_id, a.campaign_id, a.permutation,
                  a.gave_up_place::int AS given_up,
                  a.state = 'released' AS may_return
    ), {GIVEN_BACK}
    SELECT count(*) FROM gone
"""  # noqa: S608  constants only

# Locked first, and looked at in the next statement: a draft that was being saved shows there.
_LOCK_HELD = """
    SELECT id FROM campaigns_assignment
    WHERE uid = ANY (%(uids)s::uuid[]) AND member_id = %(member)s AND state = 'held'
    ORDER BY id FOR NO KEY UPDATE
"""
_RELEASE_UNTOUCHED = f"""
    WITH gone AS (
        UPDATE campaigns_assignment a SET state = 'released', ended_at = now()
        FROM unnest(%(uids)s::uuid[], %(tokens)s::int[]) AS mine (uid, token)
        WHERE a.uid = mine.uid AND a.token = mine.token AND a.member_id = %(member)s
          AND a.state = 'held'
          AND NOT EXISTS (SELECT FROM campaigns_draft d WHERE d.assignment_id = a.id)
        RETURNING a.id, a.task_id, a.member_id, a.campaign_id, a.permutation, 0 AS given_up,
                  true AS may_return
    ), {GIVEN_BACK}
    SELECT count(*) FROM gone
"""  # noqa: S608  constants only

# Whoever has skipped a task gets it again while it has a place and the hand has room. The lock on
# the task makes the last place of it go to one of two who come at once. It is taken before, so that
# what was reserved meanwhile, and for whom, is seen here.
_LOCK_TASK = "SELECT FROM campaigns_task WHERE id = %s FOR NO KEY UPDATE"
_TAKE_BACK = """
    WITH mine AS MATERIALIZED (
        SELECT a.id, c.lease_minutes, a.gave_up_place::int AS given_up
        FROM campaigns_assignment a
        JOIN campaigns_task t ON t.id = a.task_id
        JOIN campaigns_campaign c ON c.id = a.campaign_id
        WHERE a.id = %(assignment)s AND a.state = 'skipped' AND c.state = 'open'
          AND (t.open_places > (SELECT count(*) FROM campaigns_reservation r
                                WHERE r.task_id = t.id AND r.member_id <> a.member_id)
               OR a.gave_up_place)
          AND (SELECT count(*) FROM campaigns_assignment h
               WHERE h.member_id = a.member_id AND h.campaign_id = a.campaign_id
                 AND h.state = 'held') < c.hand_size
        FOR NO KEY UPDATE OF a, t
    ), lent AS (
        UPDATE campaigns_assignment a
        SET state = 'held', token = token + 1, claimed_at = now(), ended_at = NULL,
            skip_reason = '', skip_note = '', gave_up_place = false,
            expires_at = now() + make_interval(mins => mine.lease_minutes)
        FROM mine WHERE a.id = mine.id AND a.state = 'skipped'
        RETURNING a.task_id, a.token, mine.given_up
    ), taken AS (
        UPDATE campaigns_task t
        SET open_places = open_places - 1 + given_up, overlap = overlap + given_up
        FROM lent WHERE t.id = lent.task_id
    )
    SELECT token FROM lent
"""
# What is past its time is lost, taken back or not: a new token has to fence it.
_KEEP_ALIVE = """
    UPDATE campaigns_assignment a
    SET expires_at = now() + make_interval(mins => c.lease_minutes)
    FROM campaigns_campaign c, unnest(%(uids)s::uuid[], %(tokens)s::int[]) AS mine (uid, token)
    WHERE a.uid = mine.uid AND a.token = mine.token AND a.member_id = %(member)s
      AND a.state = 'held' AND a.expires_at > now() AND c.id = a.campaign_id
    RETURNING a.uid
"""


def release(*, assignment: Assignment, token: int) -> None:
    """Hand the task back; the same member may get it again. Raise LeaseLost when it was lost."""
    _give_back(assignment, token, "released")


def skip(
    *, assignment: Assignment, token: int, reason: str = SkipReason.OTHER.value, note: str = ""
) -> None:
    """Hand the task back for good: it goes where the campaign's `requeue` says.

    Raises:
        LeaseLost: it was lost.
        UnfitSkip: no such reason.
    """
    if reason not in SkipReason.values:
        told = _("A skip’s reason is one of %(known)s.") % {"known": ", ".join(SkipReason.values)}
        raise UnfitSkip(told, field="reason")
    _give_back(assignment, token, "skipped", reason=reason, note=note)


@transaction.atomic
def unskip(*, assignment: Assignment) -> int:
    """Take a skipped task back into the hand, for the campaign's lease time; return its new token.

    Raises:
        Conflict: nobody is to judge it any more, or the hand is full.
        CampaignNotOpen, GuidelinesNotAccepted, NotEligible, ShareReached, EnoughForToday: as in
            `claim_next`.
    """
    with connection.cursor() as cursor:  # as in a claim: two tabs must not fill the hand twice
        cursor.execute(LOCK_HAND, [assignment.member_id])
        cursor.execute(_LOCK_TASK, [assignment.task_id])
    assignment.refresh_from_db()
    if assignment.state == AssignmentState.HELD:  # a retry is no conflict
        return assignment.token
    check_may_judge(assignment.campaign, assignment.member)
    row = first_row(_TAKE_BACK, {"assignment": assignment.pk})
    if row is not None:
        take_share(assignment.campaign, assignment.member)
        return int(row[0])
    mine = Assignment.objects.held().filter(member=assignment.member_id)
    if mine.filter(campaign=assignment.campaign_id).count() >= assignment.campaign.hand_size:
        raise HandFull(
            _("You hold as many tasks as this campaign allows; submit or release one first.")
        )
    raise Conflict(_("Others have judged this task meanwhile, or have it in hand."))


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
    goes_back = state == "skipped" and assignment.campaign.requeue == Requeue.BACK
    ended = "released" if goes_back else state
    if assignment.state != ended or assignment.token != token:  # a retry is no loss
        raise LeaseLost(_("You do not hold this task any more."))


def heartbeat(*, assignment: Assignment, token: int) -> datetime:
    """Renew the lease; return when it runs out now. Raise LeaseLost when it was lost."""
    if keep_alive(member=assignment.member, held={assignment.uid: token}):
        raise LeaseLost(_("You do not hold this task any more; what you typed is kept."))
    assignment.refresh_from_db(fields=["expires_at"])
    return assignment.expires_at


def keep_alive(*, member: Member, held: Mapping[UUID, int]) -> set[UUID]:
    """Renew what the member holds, by its token; return which of them were lost."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_ALIVE, _named(member, held))
        return set(held) - {uid for (uid,) in cursor.fetchall()}


def _named(member: Member, held: Mapping[UUID, int]) -> dict[str, Any]:  # what psycopg can send
    return {"member": member.pk, "uids": list(held), "tokens": list(held.values())}


@transaction.atomic
def release_untouched(*, member: Member, held: Mapping[UUID, int]) -> int:
    """Hand back what the member has written nothing about: a page that is left. How many?"""
    values = _named(member, held)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_HELD, values)
        cursor.execute(_RELEASE_UNTOUCHED, values)
        released: int = cursor.fetchone()[0]
    return released


@transaction.atomic
def save_draft(*, assignment: Assignment, body: dict[str, Any], over: str | None = None) -> Draft:
    """Keep what is typed so far. After the lease ran out or was lost too: then the draft is late.

    Args:
        over: the version that this one was typed over, "" for none; None asks for no care.

    Raises:
        DraftChanged: another version is there by now; it comes with the error, and stays.
    """
    now = timezone.now()
    mine = Assignment.objects.select_for_update().only("state", "expires_at").get(pk=assignment.pk)
    late = mine.state != AssignmentState.HELD or mine.expires_at <= now
    was = Draft.objects.filter(assignment=assignment).first()
    if over is not None and was is not None and was.version != over and was.body != body:
        told = _("Something else was written here meanwhile, in another tab or elsewhere.")
        raise DraftChanged(told, version=was.version, body=was.body)
    if was is not None:  # a version is told from the next by its time
        now = max(now, was.updated_at + timedelta(microseconds=1))
    draft, _created = Draft.objects.update_or_create(
        assignment=assignment, defaults={"body": body, "late": late, "updated_at": now}
    )
    return draft
