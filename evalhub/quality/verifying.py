"""Proof that what is stored beside the judgments equals a recount of them.

Each recount is one statement, so it sees one moment, whoever judges meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString

from django.db import connection

from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import FILLS_A_PLACE
from evalhub.quality.disputing import Found, disputes_in
from evalhub.quality.models import Consensus, ConsensusSnapshot, Dispute
from evalhub.quality.questions import questions_of
from evalhub.quality.scope import counted_up_to, named_by
from evalhub.quality.settling import consensus_by, made_units, unsettled
from evalhub.quality.units import changes, stored_units

Beat = Callable[[], object]

NAMED = 20  # rows that are wrong, by name
_MISSING, _OTHERWISE = "missing or otherwise", "not so by a recount"

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
_TALLIES = f"""
    WITH recount AS (
        SELECT campaign_id, member_id, date_trunc('hour', judged_at, 'UTC') AS hour,
               count(*) AS judgments, count(active_ms) AS timed,
               coalesce(sum(active_ms), 0) AS active_ms
        FROM judgments_judgment
        WHERE id <= coalesce((SELECT up_to FROM judgments_tallymark), 0) AND {FILLS_A_PLACE}
        GROUP BY 1, 2, 3
    )
    SELECT format('%s in campaign %s at %s', m.pseudonym, c.uid, to_char(hour, 'YYYY-MM-DD HH24:MI')),
           format('stored %s judgments and %s ms, recount %s and %s', coalesce(t.judgments, 0),
                  coalesce(t.active_ms, 0), coalesce(r.judgments, 0), coalesce(r.active_ms, 0))
    FROM recount r FULL JOIN judgments_tally t USING (campaign_id, member_id, hour)
    JOIN accounts_member m ON m.id = member_id JOIN campaigns_campaign c ON c.id = campaign_id
    WHERE (r.judgments, r.timed, r.active_ms)
        IS DISTINCT FROM (t.judgments::bigint, t.timed::bigint, t.active_ms::numeric)
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
    "shares": "SELECT count(*) FROM campaigns_membershare",
}
_WRONG = {"tasks": _TASKS, "tallies": _TALLIES, "shares": _SHARES}


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


def verify_all(beat: Beat = lambda: None) -> list[Verified]:
    """Tasks' counters, tallies, shares, disputes, consensus and snapshots, each against a recount."""
    found = []
    for name, statement in _WRONG.items():
        beat()
        found.append(_recounted(name, statement))
    return [*found, *_consensus(beat), _snapshots(beat)]


def _recounted(name: str, statement: str) -> Verified:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT[name])
        checked: int = cursor.fetchone()[0]
        cursor.execute(statement)
        wrong = [Wrong(*row) for row in cursor.fetchall()]
    return Verified(name, checked, len(wrong), wrong[:NAMED])


def _consensus(beat: Beat) -> list[Verified]:
    """The disputes and the consensus on each thing, with the fit that they were made by; a campaign with
    news is put off until it is settled.
    """
    news = set(unsettled())
    settled = Consensus.objects.exclude(campaign__in=news).select_related("campaign", "fit")
    checked = {"disputes": 0, "units": 0}
    wrong: dict[str, list[tuple[int, str]]] = {"disputes": [], "units": []}
    for row in settled.order_by("pk"):
        beat()
        made = consensus_by(row.fit, list(questions_of(row.campaign)))
        recount, stored = set(disputes_in(row.campaign, made)), set(_stored(row.campaign))
        checked["disputes"] += len(stored)
        wrong["disputes"] += [(each.task, _MISSING) for each in sorted(recount - stored, key=str)]
        wrong["disputes"] += [(each.task, _OTHERWISE) for each in sorted(stored - recount, key=str)]
        key, old = stored_units(row.campaign)
        new = made_units(made)
        gone, _here, differing = changes(key, old, new)
        checked["units"] += len(key)
        tasks = dict(zip(key.tolist(), old.task.tolist(), strict=True))
        wrong["units"] += [(task, _MISSING) for task in new.task[differing].tolist()]
        wrong["units"] += [(tasks[each], _OTHERWISE) for each in gone.tolist()]
    return [
        Verified(name, checked[name], len(wrong[name]), _named(wrong[name]), put_off=len(news))
        for name in checked
    ]


def _named(wrong: list[tuple[int, str]]) -> list[Wrong]:
    uids = Task.objects.in_bulk([task for task, _told in wrong[:NAMED]])
    return [Wrong(str(uids[task].uid), told) for task, told in wrong[:NAMED]]


def _stored(campaign: Campaign) -> list[Found]:
    rows = Dispute.objects.filter(campaign=campaign).order_by("pk")
    return [
        Found(
            row.task_id,
            row.criterion_id or 0,
            row.is_passages,
            row.answers,
            row.probability,
            row.matters,
        )
        for row in rows
    ]


def _snapshots(beat: Beat) -> Verified:
    """The judgments that a snapshot names are the same for ever."""
    checked, wrong = 0, []
    for snapshot in ConsensusSnapshot.objects.select_related("workspace").order_by("pk"):
        rows = counted_up_to(
            snapshot.workspace,
            snapshot.last_judgment,
            before=snapshot.settled_before,
            at=snapshot.created_at,
        )
        beat()
        checked += 1
        count, digest = named_by(rows)
        if (count, digest) != (snapshot.judgments, snapshot.digest):
            told = f"stored {snapshot.judgments} judgments, recount {count}"
            wrong.append(Wrong(f"snapshot {snapshot.uid}", told))
    return Verified("snapshots", checked, len(wrong), wrong[:NAMED])
