"""The statements of pay: what was earned, by the tallies, and what a pay run pays, by each judgment.

Paid is a first judgment that counts towards k, and is not returned without an answer: a revision or
a reviewer's fix of it settles the return. Its time is that of the first judgment, and never more
than lay between its claim and its submit, which the server measured.
"""

from __future__ import annotations

from evalhub.judgments.models import FILLS_A_PLACE, WORKED_MS

# When each rate stood, and whose first judgments were returned and wait for an answer.
_SPANS = """spans AS (
        SELECT r.id AS rate_id, r.campaign_id AS paid_in, r.since,
               lead(r.since) OVER (PARTITION BY r.campaign_id ORDER BY r.since, r.id) AS until
        FROM campaigns_payrate r JOIN campaigns_campaign c ON c.id = r.campaign_id
        WHERE c.workspace_id = %(workspace)s
    )"""
# Most returns are answered, which two indexes tell: so that is asked first.
_REFUSED = """unanswered AS MATERIALIZED (
        SELECT judgment_id FROM judgments_returnedjudgment x
        WHERE NOT EXISTS (SELECT FROM judgments_judgment n WHERE n.supersedes_id = x.judgment_id)
    ), refused AS MATERIALIZED (
        SELECT DISTINCT assignment_id AS returned
        FROM unanswered JOIN judgments_judgment said ON said.id = judgment_id
        WHERE workspace_id = %(workspace)s AND withdrawn_at IS NULL AND NOT is_fix
          AND assignment_id IS NOT NULL
    )"""

# `pieces` are the parts of the asked periods in which one rate stood. An hour that lies in one as a whole is
# taken from its tally; of an hour that a bound cuts, and of what came after the tallies, each judgment is read.
# What is returned, extra or withdrawn is looked up one by one: such are few and have indexes of their own.
_WORK = "source = 'human' AND supersedes_id IS NULL AND assignment_id IS NOT NULL"
_IN_PIECE = "campaign_id = paid_in AND judged_at >= since AND judged_at < until"
_UNTIMED = "count(*) FILTER (WHERE active_ms IS NULL)"
_EARNED = f"""
    WITH {_SPANS}, {_REFUSED}, mark AS (
        SELECT coalesce((SELECT up_to FROM judgments_tallymark), 0) AS up_to
    ), pieces AS MATERIALIZED (
        SELECT nth, rate_id, paid_in, greatest(since, begins) AS since, least(until, ends) AS until
        FROM spans JOIN unnest(%(begins)s::timestamptz[], %(ends)s::timestamptz[])
                        WITH ORDINALITY AS asked (begins, ends, nth)
          ON since < ends AND (until IS NULL OR begins IS NULL OR until > begins)
    ), bounds AS (
        SELECT paid_in, bound, date_trunc('hour', bound, 'UTC') AS cut_hour
        FROM (SELECT paid_in, since AS bound FROM pieces UNION SELECT paid_in, until FROM pieces) b
    ), cut AS MATERIALIZED (
        SELECT campaign_id AS cut_in, hour AS cut_hour, min(first_id) AS low, max(last_id) AS high
        FROM bounds JOIN judgments_tally ON campaign_id = paid_in AND hour = cut_hour
        WHERE bound > cut_hour AND source = 'human' {{whose}} GROUP BY 1, 2
    ), of_cut AS MATERIALIZED (
        SELECT there.*, cut_hour FROM cut CROSS JOIN LATERAL (
            SELECT campaign_id, member_id, judged_at, active_ms, wall_ms FROM judgments_judgment
            WHERE campaign_id = cut_in AND id >= low AND id <= high AND source = 'human'
              AND judged_at >= cut_hour AND judged_at < cut_hour + interval '1 hour'
              AND {FILLS_A_PLACE}
            OFFSET 0  -- a few hours, each by its keys: nobody can tell the planner
        ) there
    ), of_late AS MATERIALIZED (
        SELECT campaign_id, member_id, judged_at, active_ms, wall_ms
        FROM judgments_judgment
        WHERE workspace_id = %(workspace)s AND id > (SELECT up_to FROM mark)
          AND created_at <= %(settled)s AND source = 'human' AND {FILLS_A_PLACE}
    ), singles AS (
        SELECT nth, member_id, rate_id, active_ms, wall_ms
        FROM of_cut JOIN pieces
          ON {_IN_PIECE} AND NOT (cut_hour >= since AND cut_hour + interval '1 hour' <= until)
        WHERE true {{whose}}
        UNION ALL
        SELECT nth, member_id, rate_id, active_ms, wall_ms
        FROM of_late JOIN pieces ON {_IN_PIECE}
        WHERE true {{whose}}
    ), parts (nth, member_id, rate_id, judgments, untimed, ms, returned, extra, withdrawn) AS (
        SELECT nth, member_id, rate_id, sum(judgments), sum(judgments - timed), sum(worked_ms), 0, 0, 0
        FROM pieces JOIN judgments_tally
          ON campaign_id = paid_in AND hour >= since AND hour <= until - interval '1 hour'
        WHERE source = 'human' {{whose}} GROUP BY 1, 2, 3
        UNION ALL
        SELECT nth, member_id, rate_id, count(*), {_UNTIMED}, coalesce(sum({WORKED_MS}), 0), 0, 0, 0
        FROM singles GROUP BY 1, 2, 3
        UNION ALL
        SELECT nth, member_id, rate_id, -count(*), -{_UNTIMED}, -coalesce(sum({WORKED_MS}), 0),
               count(*), 0, 0
        FROM refused JOIN judgments_judgment ON assignment_id = returned JOIN pieces ON {_IN_PIECE}
        WHERE source = 'human' AND {FILLS_A_PLACE} {{whose}}
          AND (id <= (SELECT up_to FROM mark) OR created_at <= %(settled)s)
        GROUP BY 1, 2, 3
        UNION ALL
        SELECT nth, member_id, rate_id, 0, 0, 0, 0, count(*), 0
        FROM judgments_judgment JOIN pieces ON {_IN_PIECE}
        WHERE workspace_id = %(workspace)s AND is_extra AND {_WORK} {{whose}}
          AND created_at <= %(settled)s
        GROUP BY 1, 2, 3
        UNION ALL  -- it came to nothing only where its task was not answered again
        SELECT nth, member_id, rate_id, 0, 0, 0, 0, 0, count(DISTINCT assignment_id)
        FROM judgments_judgment said JOIN pieces ON {_IN_PIECE}
        WHERE workspace_id = %(workspace)s AND withdrawn_at IS NOT NULL AND {_WORK} {{whose}}
          AND created_at <= %(settled)s
          AND NOT EXISTS (SELECT FROM judgments_judgment n
                          WHERE n.assignment_id = said.assignment_id AND n.withdrawn_at IS NULL
                            AND n.supersedes_id IS NULL AND n.source = 'human')
        GROUP BY 1, 2, 3
    ), summed AS (
        SELECT nth, member_id, rate_id, sum(judgments)::bigint AS judgments,
               sum(untimed)::bigint AS untimed, sum(ms)::bigint AS ms,
               sum(returned)::bigint AS returned, sum(extra)::bigint AS extra,
               sum(withdrawn)::bigint AS withdrawn
        FROM parts GROUP BY 1, 2, 3
    )
    SELECT * FROM summed
    WHERE (judgments, untimed, ms, returned, extra, withdrawn) <> (0, 0, 0, 0, 0, 0)
    ORDER BY 1, 2, 3
"""  # noqa: S608  constants only
EARNED = _EARNED.format(whose="")
EARNED_BY_SOME = _EARNED.format(whose="AND member_id = ANY(%(members)s::bigint[])")

# What is due and not paid, and what is paid and not due any more.
_MOVES = f"""
    WITH {_SPANS}, {_REFUSED}, work AS (
        SELECT id, member_id, rate_id, judged_at, {WORKED_MS} AS ms,
               {FILLS_A_PLACE} AND returned IS NULL AS is_due
        FROM spans
        JOIN judgments_judgment ON campaign_id = paid_in AND judged_at >= since
         AND (until IS NULL OR judged_at < until)
        LEFT JOIN refused ON returned = assignment_id
        WHERE {_WORK} AND judged_at < %(end)s AND created_at <= %(settled)s
    ), paid AS (
        SELECT p.judgment_id, sum(p.sign) AS times
        FROM judgments_paidjudgment p JOIN judgments_payrun r ON r.id = p.run_id
        WHERE r.workspace_id = %(workspace)s GROUP BY 1
    ), moves AS MATERIALIZED (
        SELECT work.*, 1 AS sign FROM work LEFT JOIN paid ON paid.judgment_id = work.id
        WHERE is_due AND coalesce(times, 0) = 0
        UNION ALL
        SELECT work.*, -1 FROM work JOIN paid ON paid.judgment_id = work.id
        WHERE NOT is_due AND times = 1
    )
"""  # noqa: S608  constants only
PAID = f"""{_MOVES}, stored AS (
        INSERT INTO judgments_paidjudgment (run_id, judgment_id, sign)
        SELECT %(run)s, id, sign FROM moves
    )
    SELECT member_id, rate_id,
           sum(sign)::bigint, coalesce(sum(sign) FILTER (WHERE ms IS NULL), 0)::bigint,
           coalesce(sum(sign * ms), 0)::bigint,
           coalesce(judged_at < %(begin)s::timestamptz, false) AS is_correction
    FROM moves GROUP BY member_id, rate_id, is_correction ORDER BY member_id, rate_id, is_correction
"""  # noqa: S608  constants only
