"""Taking a judgment back in its first seconds, before anything counts it."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from evalhub.campaigns.choices import AssignmentState
from evalhub.campaigns.services.leases import save_draft
from evalhub.judgments.errors import TooLateToWithdraw
from evalhub.judgments.models import WORKED_MS, Judgment, TallyMark
from evalhub.judgments.sheet import fields_from
from evalhub.judgments.told import answers_of

# The place never opens: the same member holds it from the moment the judgment leaves it. The clock
# is read while the table is held, see `take_snapshot`; the hand may be one too full for once.
_WITHDRAW = """
    WITH withdrawn AS (
        UPDATE judgments_judgment j SET withdrawn_at = clock_timestamp()
        WHERE j.id = %(judgment)s AND j.source = 'human' AND j.withdrawn_at IS NULL
          AND j.supersedes_id IS NULL AND NOT j.is_extra
          AND j.created_at > clock_timestamp() - make_interval(secs => %(undo)s)
          AND NOT EXISTS (SELECT 1 FROM judgments_judgment s WHERE s.supersedes_id = j.id)
        RETURNING j.uid, j.assignment_id
    ), back AS (
        UPDATE campaigns_assignment a
        SET state = 'held', token = a.token + 1, ended_at = NULL,
            expires_at = now() + make_interval(mins => c.lease_minutes)
        FROM withdrawn w, campaigns_campaign c
        WHERE a.id = w.assignment_id AND c.id = a.campaign_id AND a.state = 'submitted'
        RETURNING a.task_id
    ), uncounted AS (
        UPDATE campaigns_task t SET judged = judged - 1 FROM back WHERE t.id = back.task_id
    ), untold AS (
        DELETE FROM jobs_news n USING withdrawn w
        WHERE n.delivered_at IS NULL AND n.topic = 'judgment.counted' AND n.subject_uid = w.uid
    )
    SELECT count(*) FROM back
"""
# A tally has it only where the time to withdraw was made longer since it was counted.
_UNTALLIED = f"""
    UPDATE judgments_tally t
    SET judgments = t.judgments - 1, timed = t.timed - j.timed,
        active_ms = t.active_ms - j.active_ms, worked_ms = t.worked_ms - j.worked_ms
    FROM (SELECT campaign_id, member_id, source, date_trunc('hour', judged_at, 'UTC') AS hour,
                 (active_ms IS NOT NULL)::int AS timed, coalesce(active_ms, 0) AS active_ms,
                 coalesce({WORKED_MS}, 0) AS worked_ms
          FROM judgments_judgment WHERE id = %(judgment)s) j
    WHERE (t.campaign_id, t.hour, t.member_id, t.source)
        = (j.campaign_id, j.hour, j.member_id, j.source)
"""  # noqa: S608  constants only


class Withdrawn(NamedTuple):
    assignment: UUID
    token: int


@transaction.atomic
def withdraw_judgment(*, judgment: Judgment) -> Withdrawn:
    """Take it back as if it had not been sent; its member holds the task again, under a new token.

    What they said is their draft. The row stays, marked; a retry gives the same answer.

    Raises:
        TooLateToWithdraw: the time for it is over, it was revised, or it never could be withdrawn.
    """
    # Locked first, and looked at in the next statement: a revision that was under way shows there
    locked = Judgment.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "assignment"
    )
    was = locked.get(pk=judgment.pk)
    values = {"judgment": judgment.pk, "undo": settings.EVALHUB_UNDO_SECONDS}
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAW, values)
        (is_done,) = cursor.fetchone()
    mine = was.assignment
    if mine is not None:
        mine.refresh_from_db()
    if mine is None or mine.state != AssignmentState.HELD or not (is_done or was.withdrawn_at):
        told = _("It is too late to withdraw this judgment: it counts. You can revise it.")
        raise TooLateToWithdraw(told)
    if is_done:
        _untally(judgment)
        answers = answers_of(judgment)
        fields = fields_from(answers, preference_steps=judgment.campaign.preference_steps)
        save_draft(assignment=mine, body={"fields": fields})
    return Withdrawn(mine.uid, mine.token)


def _untally(judgment: Judgment) -> None:
    """The tallies are added up under the lock on their mark: either they have it now or they see it withdrawn."""
    mark = TallyMark.objects.select_for_update().first()
    if mark is not None and judgment.pk <= mark.up_to:
        with connection.cursor() as cursor:
            cursor.execute(_UNTALLIED, {"judgment": judgment.pk})
