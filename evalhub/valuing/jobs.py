"""Valuing a campaign's open tasks and putting them in that order; a worker does it. Numpy only where it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from evalhub.campaigns.models import Campaign
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.valuing.choices import Aim
from evalhub.valuing.knowledge import (
    Pair,
    answers_of,
    names_of,
    open_pairs,
    said_before,
)
from evalhub.valuing.models import Valuation, ValuedTask

if TYPE_CHECKING:
    from evalhub.valuing.decisions import Found

STEP = 2**20  # lots of one turn, of Task.lot's 2**40: the next turn stands behind all that was lent
LEAST_AHEAD = 200  # tasks that are valued one after the other, each as if those before were judged
MOST_ORDERS = 30  # that the page shows
_AT_ONCE = 500

_PLACE = """
    UPDATE campaigns_task t SET lot = v.lot
    FROM unnest(%s::bigint[], %s::bigint[]) AS v (id, lot)
    WHERE t.id = v.id AND t.lot <> v.lot
"""


def value_tasks(job: Job, beat: Beat) -> dict[str, Any]:
    """Value the open tasks, put them in order, and write how sure the decisions are.

    People judge meanwhile: each task moves by itself, and one that is lent stays with whom has it. A turn
    that is broken off leaves some in the order of before.
    """
    valuation = Valuation.objects.select_related("campaign__rubric_version").get(
        uid=job.payload["valuation"]
    )
    campaign = valuation.campaign
    beat.report(note="reading what was said")
    pairs, beyond = open_pairs(campaign)
    by_lot = _draw(valuation, pairs)
    valued = [each for each in pairs if each.key not in by_lot]
    drawn = sorted(
        (each for each in pairs if each.key in by_lot), key=lambda each: _lot(valuation, each)
    )
    figures, worth = _value(valuation, campaign, valued, beat)
    order = list(interleaved(figures.pop("order"), drawn, share=valuation.by_lot))
    beat.report(note="putting tasks in order")
    _place(valuation, order, worth, beat)
    figures |= {"tasks": len(pairs), "beyond": beyond}
    with beat.fenced():
        valuation.turn += 1
        valuation.last_judgment = figures.pop("last_judgment")
        valuation.figures, valuation.valued_at = figures, timezone.now()
        valuation.save(update_fields=["turn", "last_judgment", "figures", "valued_at"])
    return {"valuation": str(valuation.uid), "tasks": len(pairs)}


def _value(
    valuation: Valuation, campaign: Campaign, pairs: Sequence[Pair], beat: Beat
) -> tuple[dict[str, Any], dict[int, float]]:
    from evalhub.valuing.decisions import Field

    said, last = said_before(campaign)
    known = [(each.first, each.second) for each in pairs]
    known += [(each.first, each.second) for each in said]
    answers = answers_of(key for both in known for key in both)
    told: dict[str, Any] = {"judgments": len(said), "last_judgment": last, "order": list(pairs)}
    if not pairs:
        return told, {}
    field = Field(answers, said)
    most = max(LEAST_AHEAD, 2 * valuation.every)
    found = field.find(
        pairs,
        aim=Aim(valuation.aim),
        most=most,
        seed=valuation.pk,
        beat=lambda: beat.report(note="valuing"),
    )
    ordered = [pairs[place] for place in found.places.tolist()]
    worth = {pair.key: value for pair, value in zip(ordered, found.worth.tolist(), strict=True)}
    return told | {"order": ordered} | _figures(found, valuation.every), worth


def _figures(found: Found, every: int) -> dict[str, Any]:
    shown = found.orders[:MOST_ORDERS]
    names = names_of(sorted({key for each in shown for key in (each.better, each.worse)}))
    return {
        "gain": float(found.worth[:every].sum()),
        "pairs": {"n": found.pairs_n, "wrong": found.pairs_wrong},
        "orders": [
            asdict(each) | {"better": names[each.better], "worse": names[each.worse]}
            for each in shown
        ],
    }


def _draw(valuation: Valuation, pairs: Sequence[Pair]) -> set[int]:
    """Keys of the tasks that stand where the lot put them; who was drawn once stays drawn."""
    keys = [each.key for each in pairs]
    known: dict[int, bool] = dict(
        ValuedTask.objects.filter(task__in=keys).values_list("task_id", "by_lot")
    )
    fresh = [
        ValuedTask(
            valuation=valuation,
            task_id=each.key,
            by_lot=_lot(valuation, each) < valuation.by_lot * 2**256 // 100,
            place=place,
        )
        for place, each in enumerate(pairs)
        if each.key not in known
    ]
    ValuedTask.objects.bulk_create(fresh, batch_size=_AT_ONCE, ignore_conflicts=True)
    known |= {each.task_id: each.by_lot for each in fresh}
    return {key for key, by_lot in known.items() if by_lot}


def _lot(valuation: Valuation, pair: Pair) -> int:
    """Even, below 2**256, and the same whenever it is asked for."""
    return int.from_bytes(sha256(f"{valuation.uid}:{pair.key}".encode()).digest())


def interleaved(valued: Sequence[Pair], drawn: Sequence[Pair], *, share: int) -> Iterator[Pair]:
    """Both in their order, `share` percent of those drawn among each first so many, while there are any."""
    rest, lots = iter(valued), iter(drawn)
    owed = 0
    for _ in range(len(valued) + len(drawn)):
        owed += share
        first, second = (lots, rest) if owed >= 100 else (rest, lots)
        owed -= 100 if owed >= 100 else 0
        yield next(first, None) or next(second)


def _place(
    valuation: Valuation, order: Sequence[Pair], worth: dict[int, float], beat: Beat
) -> None:
    base = (valuation.turn + 1) * STEP
    for start in range(0, len(order), _AT_ONCE):
        part = order[start : start + _AT_ONCE]
        keys = [each.key for each in part]
        with connection.cursor() as cursor:
            cursor.execute(_PLACE, [keys, list(range(base + start, base + start + len(part)))])
        rows = {each.task_id: each for each in ValuedTask.objects.filter(task__in=keys)}
        for place, key in enumerate(keys, start=start):
            rows[key].place, rows[key].worth = place, worth.get(key)
        ValuedTask.objects.bulk_update(rows.values(), ["place", "worth"], batch_size=_AT_ONCE)
        beat.report(done=start + len(part), total=len(order))
