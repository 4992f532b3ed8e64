"""The statements of pay. `work` is every judgment of a person in a campaign that pays.

Paid is a first judgment that counts towards k, and is not returned without an answer: a revision or
a reviewer's fix of it settles the return. Its time is that of the first judgment, and never more
than lay between its claim and its submit, which the server measured.
"""

from __future__ import annotations

from evalhub.judgments.models import FILLS_A_PLACE

WORK = f"""
    WITH spans AS (
        SELECT r.id AS rate_id, r.campaign_id AS paid_in, r.since,
               lead(r.since) OVER (PARTITION BY r.campaign_id ORDER BY r.since, r.id) AS until
        FROM campaigns_payrate r JOIN campaigns_campaign c ON c.id = r.campaign_id
        WHERE c.workspace_id = %(workspace)s
    ), refused AS MATERIALIZED (
        SELECT DISTINCT said.assignment_id AS returned
        FROM judgments_returnedjudgment x JOIN judgments_judgment said ON said.id = x.judgment_id
        WHERE said.workspace_id = %(workspace)s AND said.withdrawn_at IS NULL AND NOT said.is_fix
          AND said.assignment_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM judgments_judgment n WHERE n.supersedes_id = said.id)
    ), work AS (
        SELECT id, member_id, rate_id, judged_at, assignment_id, withdrawn_at, is_extra,
               CASE WHEN active_ms IS NOT NULL THEN least(active_ms, wall_ms) END AS ms,
               {FILLS_A_PLACE} AND returned IS NULL AS is_due,
               {FILLS_A_PLACE} AND returned IS NOT NULL AS is_returned
        FROM spans
        JOIN judgments_judgment ON campaign_id = paid_in AND judged_at >= since
         AND (until IS NULL OR judged_at < until)
        LEFT JOIN refused ON returned = assignment_id
        WHERE source = 'human' AND supersedes_id IS NULL AND assignment_id IS NOT NULL
          AND judged_at < %(end)s AND created_at <= %(settled)s
    )
"""  # noqa: S608  constants only
WORK_OF_ONE = WORK.replace("WHERE source", "WHERE member_id = %(member)s AND source")
WORK_OF_SOME = WORK.replace("WHERE source", "WHERE member_id = ANY(%(members)s) AND source")

# A withdrawn judgment is work that came to nothing only where its task was not answered again.
_SUMS = """
    SELECT member_id, rate_id,
           count(*) FILTER (WHERE is_due), count(*) FILTER (WHERE is_due AND ms IS NULL),
           coalesce(sum(ms) FILTER (WHERE is_due), 0)::bigint,
           count(*) FILTER (WHERE is_returned), count(*) FILTER (WHERE is_extra),
           count(DISTINCT assignment_id) FILTER (
               WHERE withdrawn_at IS NOT NULL AND NOT EXISTS (
                   SELECT FROM judgments_judgment n
                   WHERE n.assignment_id = work.assignment_id AND n.withdrawn_at IS NULL))
    FROM work WHERE %(begin)s::timestamptz IS NULL OR judged_at >= %(begin)s::timestamptz
    GROUP BY 1, 2 ORDER BY 1, 2
"""
EARNED = WORK + _SUMS
EARNED_BY_ONE = WORK_OF_ONE + _SUMS
EARNED_BY_SOME = WORK_OF_SOME + _SUMS

# What is due and not paid, and what is paid and not due any more.
_MOVES = f"""{WORK}, paid AS (
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
_LINES = """
    SELECT member_id, rate_id,
           coalesce(judged_at < %(begin)s::timestamptz, false),
           sum(sign)::bigint, coalesce(sum(sign) FILTER (WHERE ms IS NULL), 0)::bigint,
           coalesce(sum(sign * ms), 0)::bigint
    FROM moves GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
OPEN = _MOVES + _LINES
PAID = f"""{_MOVES}, stored AS (
        INSERT INTO judgments_paidjudgment (run_id, judgment_id, sign)
        SELECT %(run)s, id, sign FROM moves
    ){_LINES}
"""  # noqa: S608  constants only
