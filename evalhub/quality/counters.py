"""What pages and claims read instead of the judgments, against a recount of them.

Each recount is one statement, so it sees one moment, whoever judges meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import LiteralString

from django.db import connection

from evalhub.judgments.models import FILLS_A_PLACE, WORKED_MS

Beat = Callable[[], object]

NAMED = 20  # rows that are wrong, by name

# Of an imported campaign, or a judge model's, nobody ever held a task: its counters say what came.
_TASKS = f"""
    WITH counted AS (
        SELECT task_id, count(*) AS judged FROM judgments_judgment WHERE {FILLS_A_PLACE} GROUP BY 1
    ), held AS (
        SELECT task_id, count(*) AS held FROM campaigns_assignment WHERE state = 'held' GROUP BY 1
    )
    SELECT t.uid::text, format('judged %s, recount %s; open %s of %s with %s held', t.judged,
                               coalesce(c.judged, 0), t.open_places, t.overlap, coalesce(h.held, 0))
    FROM campaigns_task t
    JOIN campaigns_campaign g ON g.id = t.campaign_id AND g.origin NOT IN ('imported', 'model')
    LEFT JOIN counted c ON c.task_id = t.id LEFT JOIN held h ON h.task_id = t.id
    WHERE t.judged <> coalesce(c.judged, 0)
       OR t.open_places <> t.overlap - coalesce(c.judged, 0) - coalesce(h.held, 0)
"""  # noqa: S608  constants only
# A late withdrawal leaves a tally's keys, and its row where nothing else was in it.
_TALLIES = f"""
    WITH recount AS (
        SELECT campaign_id, member_id, source, date_trunc('hour', judged_at, 'UTC') AS hour,
               count(*) AS judgments, count(active_ms) AS timed,
               coalesce(sum(active_ms), 0) AS active_ms,
               coalesce(sum({WORKED_MS}), 0) AS worked_ms, min(id) AS low, max(id) AS high
        FROM judgments_judgment
        WHERE id <= coalesce((SELECT up_to FROM judgments_tallymark), 0) AND {FILLS_A_PLACE}
        GROUP BY 1, 2, 3, 4
    ), both_of AS (
        SELECT campaign_id, member_id, hour, r.low, r.high, t.first_id, t.last_id,
               ARRAY[coalesce(r.judgments, 0), coalesce(r.timed, 0), coalesce(r.active_ms, 0),
                     coalesce(r.worked_ms, 0)]::bigint[] AS now,
               ARRAY[coalesce(t.judgments, 0), coalesce(t.timed, 0), coalesce(t.active_ms, 0),
                     coalesce(t.worked_ms, 0)]::bigint[] AS kept
        FROM recount r FULL JOIN judgments_tally t USING (campaign_id, member_id, source, hour)
    )
    SELECT format('%s in campaign %s at %s', m.pseudonym, c.uid, to_char(hour, 'YYYY-MM-DD HH24:MI')),
           format('stored %s (judgments, timed, ms, ms worked) from %s to %s, recount %s from %s to %s',
                  kept, first_id, last_id, now, low, high)
    FROM both_of
    JOIN accounts_member m ON m.id = member_id JOIN campaigns_campaign c ON c.id = campaign_id
    WHERE now <> kept OR low < first_id OR high > last_id
"""  # noqa: S608  constants only
_PAY_LINES = f"""
    WITH recount AS (
        SELECT p.run_id, j.member_id, s.rate_id, coalesce(j.judged_at < r.begins_at, false) AS is_correction,
               ARRAY[sum(sign), coalesce(sum(sign) FILTER (WHERE active_ms IS NULL), 0),
                     coalesce(sum(sign * {WORKED_MS}), 0)]::bigint[] AS now
        FROM judgments_paidjudgment p JOIN judgments_judgment j ON j.id = p.judgment_id
        JOIN judgments_payrun r ON r.id = p.run_id
        CROSS JOIN LATERAL (SELECT id AS rate_id FROM campaigns_payrate
                            WHERE campaign_id = j.campaign_id AND since <= j.judged_at
                            ORDER BY since DESC LIMIT 1) s
        GROUP BY 1, 2, 3, 4
    ), stored AS (
        SELECT run_id, member_id, rate_id, is_correction,
               ARRAY[judgments, untimed, active_ms]::bigint[] AS kept FROM judgments_payline
    )
    SELECT format('%s in pay run %s', m.pseudonym, r.uid),
           format('stored %s judgments (untimed, ms), recount %s', kept, now)
    FROM recount FULL JOIN stored USING (run_id, member_id, rate_id, is_correction)
    JOIN accounts_member m ON m.id = member_id JOIN judgments_payrun r ON r.id = run_id
    WHERE kept IS DISTINCT FROM now
"""  # noqa: S608  constants only
_SHARES = """
    WITH recount AS (
        SELECT campaign_id, member_id, count(*) AS taken FROM campaigns_assignment
        WHERE state IN ('held', 'submitted') GROUP BY 1, 2
    )
    SELECT format('%s in campaign %s', m.pseudonym, c.uid),
           format('stored %s, recount %s', s.taken, coalesce(r.taken, 0))
    FROM campaigns_membershare s LEFT JOIN recount r USING (campaign_id, member_id)
    JOIN accounts_member m ON m.id = member_id JOIN campaigns_campaign c ON c.id = campaign_id
    WHERE s.taken <> coalesce(r.taken, 0)
"""
_COUNT: dict[str, LiteralString] = {
    "tasks": "SELECT count(*) FROM campaigns_task",
    "tallies": "SELECT count(*) FROM judgments_tally",
    "pay lines": "SELECT count(*) FROM judgments_payline",
    "shares": "SELECT count(*) FROM campaigns_membershare",
}
_WRONG = {"tasks": _TASKS, "tallies": _TALLIES, "pay lines": _PAY_LINES, "shares": _SHARES}


@dataclass(frozen=True)
class Wrong:
    what: str
    told: str


@dataclass(frozen=True)
class Verified:
    """One kind of stored figure."""

    name: str
    checked: int  # rows
    wrong: int
    examples: list[Wrong]  # at most NAMED
    put_off: int = 0  # campaigns that have news since they were settled


def counters_recounted(beat: Beat) -> Iterator[Verified]:
    """Tasks' counters, tallies, the lines of pay runs, shares."""
    for name, statement in _WRONG.items():
        beat()
        yield _recounted(name, statement)


def _recounted(name: str, statement: str) -> Verified:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT[name])
        checked: int = cursor.fetchone()[0]
        cursor.execute(statement)
        wrong = [Wrong(*row) for row in cursor.fetchall()]
    return Verified(name, checked, len(wrong), wrong[:NAMED])
