"""Lending tasks: the hot path, in SQL by hand.

Each statement here is one round trip, prepared after its third use. An ORM query costs 0.2 to
0.3 ms of CPU to build; the whole claim costs about that in the database.

How a fresh task is found: `task_open` holds only tasks with open places, in the order of their
rank, so the first one after `after` that the member never had is found in a few probes however
long the table. `after` is the rank at which the member got the task just answered, which spares
them a walk over what they have done; past the end the search starts once more from the front. What
has come to stand in an earlier band meanwhile (a task made urgent, one handed back) is looked at
first, but only its first few: a member who has had them all must not walk past them each time.

The question "had this one before?" is a scalar subquery, and `member_id + 0` in it, on purpose: it
is answered from the few assignments of the task. Asked as an anti-join, or through an index on the
member, stale statistics turn it into a walk over all the member's rows (seconds at ten thousand
tasks). For the same reason no `ORDER BY id LIMIT 1` stands here bare: it invites a walk along the
primary key.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from evalhub.campaigns.eligibility import IS_ELIGIBLE, IS_LIMITED
from evalhub.campaigns.models import BAND

LOOKED_AT = 20  # of what stands before the band of `after`

# What a claim answers with, from the row `lent`.
LEASE = """
    SELECT lent.uid, lent.token, lent.expires_at, t.uid, lent.rank, p.messages,
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

# What a member may get at all: not had before, and none of the responses written by themselves.
_FITS = """
    (SELECT a.id FROM campaigns_assignment a
     WHERE a.task_id = t.id AND a.member_id + 0 = %(member)s) IS NULL
    AND (SELECT c.id FROM campaigns_taskcompletion tc
         JOIN prompts_completion c ON c.id = tc.completion_id
         WHERE tc.task_id = t.id AND c.written_by_id + 0 = %(member)s LIMIT 1) IS NULL
"""
_OPEN = "t.campaign_id = (SELECT %(campaign)s::bigint) AND t.open_places > 0 AND NOT t.is_reserved"

# A campaign may cap what one member has of it: then there is a row that counts, and whose CHECK
# holds even if two claims come at once.
_MY_SHARE = """
    s.member_id = (SELECT %(member)s::bigint) AND s.campaign_id = (SELECT %(campaign)s::bigint)
"""
_SHARE_LEFT = f"""
    NOT EXISTS (SELECT FROM campaigns_membershare s WHERE {_MY_SHARE} AND s.taken >= s.most)
"""
_NO_SHARE = f"NOT EXISTS (SELECT FROM campaigns_membershare s WHERE {_MY_SHARE})"
_SHARE_TAKEN = f"""
    UPDATE campaigns_membershare s SET taken = taken + 1 FROM lent WHERE {_MY_SHARE}
"""  # noqa: S608  constants only


class Ways(NamedTuple):
    """What there is beside the next open task of the order; each costs every claim that asks for it.

    What a claim is told is not there, it does not find: at worst it lends nothing, or what is new
    since waits for the claim after it.
    """

    kept: bool = True  # tasks reserved for the member
    sooner: bool = True  # open tasks in a band before theirs
    shared: bool = True  # a share that counts what they have


EVERY_WAY = Ways()


# Which of them there are, for the member and the rank of the assignment `a` in the campaign `c`.
# Scalar subqueries here too: PostgreSQL would read all of a table for a bare EXISTS.
WAYS = f"""
    (SELECT r.id FROM campaigns_reservation r
     WHERE r.member_id = a.member_id AND r.campaign_id = c.id LIMIT 1) IS NOT NULL,
    (SELECT e.rank FROM campaigns_task e
     WHERE e.campaign_id = c.id AND e.open_places > 0 AND NOT e.is_reserved ORDER BY e.rank LIMIT 1)
        < a.rank - (a.rank %% {BAND} + {BAND}) %% {BAND},
    c.max_share IS NOT NULL OR (SELECT s.id FROM campaigns_membershare s
                                WHERE s.member_id = a.member_id AND s.campaign_id = c.id) IS NOT NULL
"""  # noqa: S608  constants only

# The order of the responses: drawn by lot for the first who gets a task, then one step further
# round for each who follows, so that in a pair each side is left about as often. Of what is kept for
# somebody the order may be drawn already: a repeat stands the other way round on purpose. The
# reservation is locked behind its task, as all who change it do: it may be gone since the snapshot.
# The values stand in sub-selects, where the planner does not see them: with a campaign and a rank
# in sight it finds each new plan cheaper than the one it has, and plans the claim anew every time.
_ROOM = "EXISTS (SELECT FROM room)"
_KEPT = f"""
        SELECT t.id, t.rank, r.permutation FROM campaigns_reservation r
        JOIN campaigns_task t ON t.id = r.task_id
        WHERE {_ROOM}
          AND r.member_id = (SELECT %(member)s::bigint)
          AND r.campaign_id = (SELECT %(campaign)s::bigint)
          AND r.due_at <= statement_timestamp() AND t.open_places > 0 AND {_FITS}
        ORDER BY t.rank LIMIT 1 FOR NO KEY UPDATE OF t, r SKIP LOCKED
"""  # noqa: S608  constants only
_EARLIER = f"""
        SELECT t.id FROM campaigns_task t
        WHERE {_OPEN} AND t.rank < (SELECT %(band)s::bigint)
        ORDER BY t.rank LIMIT {LOOKED_AT}
"""  # noqa: S608  constants only
_SOONER = f"""
        SELECT t.id, t.rank, NULL::smallint[] AS permutation
        FROM earlier JOIN campaigns_task t ON t.id = earlier.id
        WHERE {_ROOM} AND {_OPEN} AND {_FITS}
        ORDER BY t.rank LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
"""  # noqa: S608  constants only
_FURTHER = f"""
        SELECT t.id, t.rank, NULL::smallint[] AS permutation FROM campaigns_task t
        WHERE {_ROOM} AND {_OPEN} AND t.rank > (SELECT %(after)s::bigint) AND {_FITS}
        ORDER BY t.rank LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
"""  # noqa: S608  constants only
_FETCHED = """, fetched AS (
        DELETE FROM campaigns_reservation r USING kept, lent
        WHERE kept.id = lent.task_id AND r.task_id = kept.id AND r.member_id = %(member)s
    )"""
_TAKEN = """taken AS (
        UPDATE campaigns_task t SET open_places = open_places - 1
        FROM lent WHERE t.id = lent.task_id
    )"""
# The same with the end of a lease: one UPDATE for both tasks, which are never the same. It must read
# a materialised CTE: for a row that changed since the statement began PostgreSQL asks the source once
# more, and keeps the row of a CTE for that; of a UNION in its place it found nothing, and the place
# was lent but not counted.
_TAKEN_AND_COUNTED = """moves AS MATERIALIZED (
        SELECT id, 0 AS places, 1 AS judgments FROM counted UNION ALL SELECT task_id, 1, 0 FROM lent
    ), taken AS (
        UPDATE campaigns_task t
        SET open_places = open_places - moves.places, judged = judged + moves.judgments
        FROM moves WHERE t.id = moves.id
    )"""


def _pick(ways: Ways) -> str:
    """Up to `pick`, the one task to lend: of the first way that leads to any."""
    steps = {"kept": _KEPT} if ways.kept else {}
    if ways.sooner:
        steps["sooner"] = _SOONER
    steps["further"] = _FURTHER
    told = [f"earlier AS MATERIALIZED ({_EARLIER})"] if ways.sooner else []
    room = _ROOM
    for name, step in steps.items():
        told.append(f"{name} AS MATERIALIZED ({step.replace(_ROOM, room)})")
        room += f" AND NOT EXISTS (SELECT FROM {name})"
    found = " UNION ALL ".join(f"SELECT * FROM {name}" for name in steps)  # noqa: S608
    return f"{', '.join(told)}, pick AS ({found})"


def _steps(ways: Ways, taken: str) -> str:
    """From `room`, which has a row if something may be lent, to `lent`."""
    return f"""{_pick(ways)}, lent AS (
        INSERT INTO campaigns_assignment (uid, created_at, campaign_id, task_id, member_id, state,
                                          token, claimed_at, expires_at, rank, permutation)
        SELECT gen_random_uuid(), now(), %(campaign)s, pick.id, %(member)s, 'held', 1, now(),
               now() + make_interval(mins => %(minutes)s), pick.rank,
               coalesce(
                   pick.permutation,
                   (SELECT a.permutation[2:] || a.permutation[1:1] FROM campaigns_assignment a
                    WHERE a.task_id = pick.id ORDER BY a.id + 0 DESC LIMIT 1),
                   ARRAY(SELECT tc.place FROM campaigns_taskcompletion tc
                         WHERE tc.task_id = pick.id ORDER BY random()))
        FROM pick WHERE {_SHARE_LEFT if ways.shared else _NO_SHARE}
        ON CONFLICT DO NOTHING
        RETURNING uid, token, expires_at, rank, task_id, permutation
    ), {taken}{f", shared AS ({_SHARE_TAKEN})" if ways.shared else ""}{_FETCHED if ways.kept else ""}
    """  # noqa: S608  constants only


FRESH = f"WITH room AS (SELECT), {_steps(EVERY_WAY, _TAKEN)} {LEASE}"


@cache
def next_steps(ways: Ways) -> str:
    """The same as part of the statement that ends the member's lease on `assignment`.

    Its CTE `counted` has locked the task just judged, if it was theirs. That lock comes first:
    whoever has locked a task as the next must not wait for another. Nothing is lent while the hand
    is full or holds what the member does not name.
    """
    return f"""
    room AS MATERIALIZED (
        SELECT FROM counted WHERE (
            SELECT count(*) < %(hand)s
                   AND NOT coalesce(bool_or(h.uid <> ALL (%(holding)s::uuid[])), false)
            FROM campaigns_assignment h
            WHERE h.member_id = %(member)s AND h.campaign_id = %(campaign)s AND h.state = 'held'
              AND h.id <> %(assignment)s)
    ), {_steps(ways, _TAKEN_AND_COUNTED)}
    """  # noqa: S608  constants only


# The same, but waiting for rows that others have locked: a task with two places is skipped while
# somebody takes one of them, and "nothing is left" must not be said because of that.
FRESH_WAITING = FRESH.replace(" SKIP LOCKED", "")

# One's own task that ran out or was handed back, while it still has a place; `wanted` is for exactly
# that one. Work that came too late for it, or was cut off (a late draft), is a reason to offer it
# `first`, before anything new; that it is reserved is another, unless it was skipped for later.
AGAIN = f"""
    WITH mine AS MATERIALIZED (
        SELECT a.id FROM campaigns_assignment a
        JOIN campaigns_task t ON t.id = a.task_id
        WHERE a.member_id = %(member)s AND a.campaign_id = %(campaign)s
          AND a.state IN ('released', 'expired') AND t.open_places > 0
          AND (NOT t.is_reserved OR EXISTS (SELECT FROM campaigns_reservation r
                                            WHERE r.task_id = t.id AND r.member_id = a.member_id))
          AND (NOT %(first)s OR (t.is_reserved AND a.skip_reason = '')
               OR EXISTS (SELECT FROM campaigns_draft d WHERE d.assignment_id = a.id AND d.late))
          AND a.uid = coalesce(%(wanted)s::uuid, a.uid)
          AND {_SHARE_LEFT}
        ORDER BY a.ended_at, a.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    ), lent AS (
        UPDATE campaigns_assignment a
        SET state = 'held', token = token + 1, claimed_at = now(), ended_at = NULL,
            skip_reason = '', skip_note = '',
            expires_at = now() + make_interval(mins => %(minutes)s)
        FROM mine WHERE a.id = mine.id
        RETURNING a.id, a.uid, a.token, a.expires_at, a.rank, a.task_id, a.permutation
    ), fetched AS (
        DELETE FROM campaigns_reservation r USING lent
        WHERE r.task_id = lent.task_id AND r.member_id = %(member)s
    ), in_time AS (
        UPDATE campaigns_draft d SET late = false FROM lent WHERE d.assignment_id = lent.id
    ), taken AS (
        UPDATE campaigns_task t SET open_places = open_places - 1
        FROM lent WHERE t.id = lent.task_id
    ), shared AS ({_SHARE_TAKEN})
{LEASE}
"""  # noqa: S608  constants only

# What the member holds already and did not name. Past its time but not yet taken back it is
# theirs still; a new token fences out whatever else was sent for the old one.
HELD = f"""
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
        RETURNING a.uid, a.token, a.expires_at, a.rank, a.task_id, a.permutation
    )
{LEASE}
"""  # noqa: S608  constants only

LOCK_HAND = "SELECT 1 FROM accounts_member WHERE id = %s FOR NO KEY UPDATE"

# What the member was lent last, of what they hold or have judged: they go on from there.
_LATEST = """
    SELECT a.id, a.rank FROM campaigns_assignment a
    WHERE a.member_id = m.id AND a.campaign_id = c.id AND a.state = '{state}'
    ORDER BY a.id DESC LIMIT 1
"""
HAND = f"""
    SELECT count(a.id),
           coalesce(bool_or(a.uid <> ALL (%s::uuid[])) FILTER (WHERE a.id IS NOT NULL), false),
           {IS_ELIGIBLE}, {IS_LIMITED},
           (SELECT l.rank FROM (({_LATEST.format(state="held")}) UNION ALL
                                ({_LATEST.format(state="submitted")})) AS l ORDER BY l.id DESC LIMIT 1)
    FROM accounts_member m CROSS JOIN campaigns_campaign c
    LEFT JOIN campaigns_assignment a
        ON a.member_id = m.id AND a.campaign_id = c.id AND a.state = 'held'
    WHERE m.id = %s AND c.id = %s GROUP BY m.id, c.id
"""  # noqa: S608  constants only
