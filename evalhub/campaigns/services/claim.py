"""Lending tasks: the hot path, in SQL by hand.

Each statement here is one round trip, prepared after its third use. An ORM query costs 0.2 to
0.3 ms of CPU to build; the whole claim costs about that in the database.

How a fresh task is found: `task_open` holds only tasks with open places, in the order of their
rank, so the first one after `after` that the member never had is found in a few probes however
long the table. `after` is the rank of the task just answered, which spares the member a walk over
what they have done; past the end it starts once more from the front. The question "had this one
before?" is a scalar subquery, and `member_id + 0` in it, on purpose: it is answered from the few
assignments of the task. Asked as an anti-join, or through an index on the member, stale statistics
turn it into a walk over all the member's rows (seconds at ten thousand tasks). For the same reason
no `ORDER BY id LIMIT 1` stands here bare: it invites a walk along the primary key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from string import ascii_uppercase
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection, transaction

from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.errors import guidelines_first, hand_full, not_open
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import has_accepted, masked
from evalhub.common.rows import array_of, first_row

FROM_THE_FRONT = -1
NO_CALLS: list[dict[str, Any]] = []

# What a claim answers with, from the row `lent`.
LEASE = """
    SELECT lent.uid, lent.token, lent.expires_at, t.uid, t.rank, p.messages,
           answers.contents, answers.tool_calls, p.documents <> '[]'::jsonb
    FROM lent
    JOIN campaigns_task t ON t.id = lent.task_id
    JOIN prompts_prompt p ON p.id = t.prompt_id
    CROSS JOIN LATERAL (
        SELECT array_agg(c.content ORDER BY shown.nth) AS contents,
               array_agg(c.tool_calls::text ORDER BY shown.nth) AS tool_calls
        FROM unnest(lent.permutation) WITH ORDINALITY AS shown (place, nth)
        JOIN campaigns_taskcompletion tc ON tc.task_id = t.id AND tc.place = shown.place
        JOIN prompts_completion c ON c.id = tc.completion_id
    ) answers
"""

# The order of the responses: drawn by lot for the first who gets a task, then one step further
# round for each who follows, so that in a pair each side is left about as often.
_FRESH_STEPS = """
    pick AS MATERIALIZED (
        SELECT t.id FROM campaigns_task t
        WHERE t.campaign_id = (SELECT %(campaign)s::bigint) AND t.open_places > 0
          AND t.rank > (SELECT %(after)s::bigint)
          AND (SELECT a.id FROM campaigns_assignment a
               WHERE a.task_id = t.id AND a.member_id + 0 = %(member)s) IS NULL
          AND (SELECT c.id FROM campaigns_taskcompletion tc
               JOIN prompts_completion c ON c.id = tc.completion_id
               WHERE tc.task_id = t.id AND c.written_by_id + 0 = %(member)s LIMIT 1) IS NULL
        ORDER BY t.rank LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
    ), lent AS (
        INSERT INTO campaigns_assignment (uid, created_at, campaign_id, task_id, member_id, state,
                                          token, claimed_at, expires_at, permutation)
        SELECT gen_random_uuid(), now(), %(campaign)s, pick.id, %(member)s, 'held', 1, now(),
               now() + make_interval(mins => %(minutes)s),
               coalesce(
                   (SELECT a.permutation[2:] || a.permutation[1:1] FROM campaigns_assignment a
                    WHERE a.task_id = pick.id ORDER BY a.id + 0 DESC LIMIT 1),
                   ARRAY(SELECT tc.place FROM campaigns_taskcompletion tc
                         WHERE tc.task_id = pick.id ORDER BY random()))
        FROM pick
        ON CONFLICT DO NOTHING
        RETURNING uid, token, expires_at, task_id, permutation
    ), taken AS (
        UPDATE campaigns_task t SET open_places = open_places - 1
        FROM lent WHERE t.id = lent.task_id
    )
"""
FRESH = f"WITH {_FRESH_STEPS} {LEASE}"

# The same as part of the statement that ends the member's lease on `assignment`, whose CTE `counted`
# has a row if it did. That row comes first: whoever has locked a task as the next must not wait for
# another. Nothing is lent while the hand is full or holds what the member does not name.
NEXT_STEPS = _FRESH_STEPS.replace(
    "WHERE t.campaign_id",
    """WHERE EXISTS (SELECT 1 FROM counted) AND (
              SELECT count(*) < %(hand)s
                     AND NOT coalesce(bool_or(h.uid <> ALL (%(holding)s::uuid[])), false)
              FROM campaigns_assignment h
              WHERE h.member_id = %(member)s AND h.campaign_id = %(campaign)s AND h.state = 'held'
                AND h.id <> %(assignment)s)
          AND t.campaign_id""",
    1,
)

# The same, but waiting for rows that others have locked: a task with two places is skipped while
# somebody takes one of them, and "nothing is left" must not be said because of that.
_FRESH_WAITING = FRESH.replace(" SKIP LOCKED", "")

# One's own task that ran out or was handed back, while it still has a place. Work that came too
# late for it (a late draft) is a reason to offer it before anything new.
_AGAIN = f"""
    WITH mine AS MATERIALIZED (
        SELECT a.id FROM campaigns_assignment a
        JOIN campaigns_task t ON t.id = a.task_id
        WHERE a.member_id = %(member)s AND a.campaign_id = %(campaign)s
          AND a.state IN ('released', 'expired') AND t.open_places > 0
          AND (NOT %(late)s OR EXISTS (SELECT 1 FROM campaigns_draft d
                                       WHERE d.assignment_id = a.id AND d.late))
        ORDER BY a.ended_at, a.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    ), lent AS (
        UPDATE campaigns_assignment a
        SET state = 'held', token = token + 1, claimed_at = now(), ended_at = NULL,
            expires_at = now() + make_interval(mins => %(minutes)s)
        FROM mine WHERE a.id = mine.id
        RETURNING a.uid, a.token, a.expires_at, a.task_id, a.permutation
    ), taken AS (
        UPDATE campaigns_task t SET open_places = open_places - 1
        FROM lent WHERE t.id = lent.task_id
    )
{LEASE}
"""  # noqa: S608  constants only

# What the member holds already and did not name. Past its time but not yet taken back it is
# theirs still; a new token fences out whatever else was sent for the old one.
_HELD = f"""
    WITH mine AS MATERIALIZED (
        SELECT a.id FROM campaigns_assignment a
        WHERE a.member_id = %(member)s AND a.campaign_id = %(campaign)s AND a.state = 'held'
          AND a.uid <> ALL (%(holding)s::uuid[])
        ORDER BY a.claimed_at, a.id LIMIT 1 FOR NO KEY UPDATE
    ), lent AS (
        UPDATE campaigns_assignment a
        SET token = token + (a.expires_at <= now())::int,
            expires_at = now() + make_interval(mins => %(minutes)s)
        FROM mine WHERE a.id = mine.id AND a.state = 'held'
        RETURNING a.uid, a.token, a.expires_at, a.task_id, a.permutation
    )
{LEASE}
"""  # noqa: S608  constants only

_LOCK_HAND = "SELECT 1 FROM accounts_member WHERE id = %s FOR NO KEY UPDATE"

_COUNT_HAND = """
    SELECT count(*), coalesce(bool_or(uid <> ALL (%s::uuid[])), false) FROM campaigns_assignment
    WHERE member_id = %s AND campaign_id = %s AND state = 'held'
"""


@dataclass(frozen=True)
class Desk:
    """What claiming needs to know of a campaign."""

    pk: int
    uid: UUID
    type: str
    state: str
    hand_size: int
    lease_minutes: int
    rubric_version: UUID
    workspace: int
    masks_identity: bool

    @classmethod
    def of(cls, campaign: Campaign) -> Desk:
        return cls(
            pk=campaign.pk,
            uid=campaign.uid,
            type=campaign.type,
            state=campaign.state,
            hand_size=campaign.hand_size,
            lease_minutes=campaign.lease_minutes,
            rubric_version=campaign.rubric_version.uid,
            workspace=campaign.workspace_id,
            masks_identity=campaign.masks_identity,
        )


class Response(NamedTuple):
    content: str
    tool_calls: list[dict[str, Any]]

    def public(self, label: str) -> dict[str, Any]:
        shown: dict[str, Any] = {"label": label, "content": self.content}
        return shown | {"tool_calls": self.tool_calls} if self.tool_calls else shown


@dataclass(frozen=True)
class Lease:
    """A task on loan, as its annotator sees it: the responses in the order they are shown."""

    desk: Desk
    assignment: UUID
    token: int
    expires_at: datetime
    task: UUID
    rank: int
    conversation: list[dict[str, Any]]
    responses: list[Response]
    has_documents: bool
    is_new: bool  # never held before: there is no draft

    def public(self) -> dict[str, Any]:
        """The claim's answer in the API. It names no completion and no model, on purpose."""
        return {
            "assignment": self.assignment,
            "token": self.token,
            "expires_at": self.expires_at,
            "campaign": self.desk.uid,
            "rubric_version": self.desk.rubric_version,
            "task": {
                "uid": self.task,
                "type": self.desk.type,
                "conversation": self.conversation,  # role, content, and tool_calls where there are
                "responses": [
                    response.public(label)
                    for label, response in zip(ascii_uppercase, self.responses, strict=False)
                ],
            },
        }


def claim_next(*, campaign: Campaign, member_pk: int, holding: Sequence[UUID] = ()) -> Lease | None:
    """Lend the member the task that comes next, for the campaign's lease time.

    What they hold and do not name in `holding` comes back first. Two people never get the last
    open place of one task, and nobody gets a completion they wrote. None: nothing is left.

    Raises:
        HandFull: the member holds as many as the campaign allows.
        CampaignNotOpen: it is a draft, paused or closed.
        GuidelinesNotAccepted: there is something to read and accept first.
    """
    desk = Desk.of(campaign)
    if desk.state != CampaignState.OPEN:
        raise not_open(campaign.title, desk.state)
    if campaign.guidelines_id and not has_accepted(member_pk, campaign.guidelines_id):
        raise guidelines_first(campaign.title, desk.uid)
    with transaction.atomic():
        with connection.cursor() as cursor:  # two tabs at once must not fill the hand twice
            cursor.execute(_LOCK_HAND, [member_pk])
        held, _forgotten = _hand_of(desk, member_pk, holding)
        back = take_back(desk=desk, member_pk=member_pk, holding=holding) if held else None
        if back is not None:
            return back
        if held >= desk.hand_size:
            raise hand_full(held)
        return (
            _lent(_AGAIN, desk, member_pk, late=True)
            or lend_new(desk=desk, member_pk=member_pk)
            or lend_last(desk=desk, member_pk=member_pk)
        )


def take_back(*, desk: Desk, member_pk: int, holding: Sequence[UUID]) -> Lease | None:
    """What the member holds and does not name in `holding`, its lease renewed."""
    return _lent(_HELD, desk, member_pk, holding=array_of(holding))


def asked_of_next(desk: Desk, *, holding: Sequence[UUID], after: int) -> dict[str, Any]:
    """What `NEXT_STEPS` takes beside the member, the campaign and the assignment that ends."""
    return {
        "minutes": desk.lease_minutes,
        "hand": desk.hand_size,
        "holding": array_of(holding),
        "after": after,
    }


def lend_on(*, desk: Desk, member_pk: int, holding: Sequence[UUID]) -> Lease | None:
    """What comes next for somebody who has just submitted, when nothing lay ahead of them."""
    held, forgotten = _hand_of(desk, member_pk, holding)
    if forgotten:
        return take_back(desk=desk, member_pk=member_pk, holding=holding)
    if held >= desk.hand_size:
        return None
    return lend_new(desk=desk, member_pk=member_pk) or lend_last(desk=desk, member_pk=member_pk)


def lend_new(*, desk: Desk, member_pk: int) -> Lease | None:
    """A task the member never had, from the front; None may mean "all locked"."""
    return _lent(FRESH, desk, member_pk, after=FROM_THE_FRONT)


def lend_last(*, desk: Desk, member_pk: int) -> Lease | None:
    """What is left when `lend_new` found nothing, waiting for whoever is at it; None is certain.

    The caller must hold no lock on a task, or two could wait for each other.
    """
    fresh = _lent(_FRESH_WAITING, desk, member_pk, after=FROM_THE_FRONT)
    return fresh or _lent(_AGAIN, desk, member_pk, late=False)


def lease_of(desk: Desk, row: tuple[Any, ...], *, is_new: bool) -> Lease:
    assignment, token, expires_at, task, rank, messages, contents, tool_calls, has_documents = row
    conversation = msgspec.json.decode(messages)  # Django leaves the JSON of a bare cursor as text
    shown = masked(contents or [], workspace=desk.workspace) if desk.masks_identity else contents
    responses = [  # none where the prompt stands alone
        Response(content, NO_CALLS if calls == "[]" else msgspec.json.decode(calls))
        for content, calls in zip(shown or [], tool_calls or [], strict=True)
    ]
    return Lease(
        desk,
        assignment,
        token,
        expires_at,
        task,
        rank,
        conversation,
        responses,
        has_documents,
        is_new,
    )


def _lent(statement: str, desk: Desk, member_pk: int, **more: object) -> Lease | None:
    values = {"campaign": desk.pk, "member": member_pk, "minutes": desk.lease_minutes, **more}
    row = first_row(statement, values)
    is_new = statement in (FRESH, _FRESH_WAITING)
    return None if row is None else lease_of(desk, row, is_new=is_new)


class Hand(NamedTuple):
    held: int
    forgotten: bool  # something in it was not named


def _hand_of(desk: Desk, member_pk: int, holding: Sequence[UUID]) -> Hand:
    row = first_row(_COUNT_HAND, [array_of(holding), member_pk, desk.pk])
    return Hand(*row) if row else Hand(0, forgotten=False)  # an aggregate always has a row
