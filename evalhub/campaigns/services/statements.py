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

from evalhub.campaigns.eligibility import IS_ELIGIBLE, IS_LIMITED

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
_SHARE_LEFT = """
    NOT EXISTS (SELECT FROM campaigns_membershare s
                WHERE s.member_id = (SELECT %(member)s::bigint)
                  AND s.campaign_id = (SELECT %(campaign)s::bigint)
                  AND s.taken >= s.most)
"""
_SHARE_TAKEN = """
    UPDATE campaigns_membershare s SET taken = taken + 1
    FROM lent
    WHERE s.member_id = (SELECT %(member)s::bigint)
      AND s.campaign_id = (SELECT %(campaign)s::bigint)
"""

# The order of the responses: drawn by lot for the first who gets a task, then one step further
# round for each who follows, so that in a pair each side is left about as often. Of what is kept for
# somebody the order may be drawn already: a repeat stands the other way round on purpose.
# The values stand in sub-selects, where the planner does not see them: with a campaign and a rank
# in sight it finds each new plan cheaper than the one it has, and plans the claim anew every time.
_FRESH_STEPS = f"""
    kept AS MATERIALIZED (
        SELECT t.id, t.rank, r.permutation FROM campaigns_reservation r
        JOIN campaigns_task t ON t.id = r.task_id
        WHERE EXISTS (SELECT FROM room)
          AND r.member_id = (SELECT %(member)s::bigint)
          AND r.campaign_id = (SELECT %(campaign)s::bigint)
          AND r.due_at <= statement_timestamp() AND t.open_places > 0 AND {_FITS}
        ORDER BY t.rank LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
    ), earlier AS MATERIALIZED (
        SELECT t.id FROM campaigns_task t
        WHERE {_OPEN} AND t.rank < (SELECT %(band)s::bigint)
        ORDER BY t.rank LIMIT {LOOKED_AT}
    ), sooner AS MATERIALIZED (
        SELECT t.id, t.rank, NULL::smallint[] FROM earlier JOIN campaigns_task t ON t.id = earlier.id
        WHERE EXISTS (SELECT FROM room) AND NOT EXISTS (SELECT FROM kept) AND {_OPEN} AND {_FITS}
        ORDER BY t.rank LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
    ), further AS MATERIALIZED (
        SELECT t.id, t.rank, NULL::smallint[] FROM campaigns_task t
        WHERE EXISTS (SELECT FROM room) AND NOT EXISTS (SELECT FROM kept)
          AND NOT EXISTS (SELECT FROM sooner)
          AND {_OPEN} AND t.rank > (SELECT %(after)s::bigint) AND {_FITS}
        ORDER BY t.rank LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
    ), pick AS (
        SELECT * FROM kept UNION ALL SELECT * FROM sooner UNION ALL SELECT * FROM further
    ), lent AS (
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
        FROM pick WHERE {_SHARE_LEFT}
        ON CONFLICT DO NOTHING
        RETURNING uid, token, expires_at, rank, task_id, permutation
    ), taken AS (
        UPDATE campaigns_task t SET open_places = open_places - 1
        FROM lent WHERE t.id = lent.task_id
    ), shared AS ({_SHARE_TAKEN}
    ), fetched AS (
        DELETE FROM campaigns_reservation r USING kept, lent
        WHERE kept.id = lent.task_id AND r.task_id = kept.id AND r.member_id = %(member)s
    )
"""  # noqa: S608  constants only
FRESH = f"WITH room AS (SELECT), {_FRESH_STEPS} {LEASE}"

# The same as part of the statement that ends the member's lease on `assignment`, whose CTE `counted`
# has a row if it did. That row comes first: whoever has locked a task as the next must not wait for
# another. Nothing is lent while the hand is full or holds what the member does not name.
NEXT_STEPS = f"""
    room AS MATERIALIZED (
        SELECT FROM counted WHERE (
            SELECT count(*) < %(hand)s
                   AND NOT coalesce(bool_or(h.uid <> ALL (%(holding)s::uuid[])), false)
            FROM campaigns_assignment h
            WHERE h.member_id = %(member)s AND h.campaign_id = %(campaign)s AND h.state = 'held'
              AND h.id <> %(assignment)s)
    ), {_FRESH_STEPS}
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

HAND = f"""
    SELECT count(a.id),
           coalesce(bool_or(a.uid <> ALL (%s::uuid[])) FILTER (WHERE a.id IS NOT NULL), false),
           {IS_ELIGIBLE}, {IS_LIMITED}
    FROM accounts_member m CROSS JOIN campaigns_campaign c
    LEFT JOIN campaigns_assignment a
        ON a.member_id = m.id AND a.campaign_id = c.id AND a.state = 'held'
    WHERE m.id = %s AND c.id = %s GROUP BY m.id, c.id
"""  # noqa: S608  constants only
