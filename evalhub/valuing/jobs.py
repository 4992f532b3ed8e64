"""Valuing a campaign's open tasks and putting them in that order; a worker does it. Numpy only where it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.valuing.choices import Aim
from evalhub.valuing.knowledge import Asked, answers_of, heard_for, names_of, open_tasks
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
    asked, beyond = open_tasks(campaign)
    by_lot = _draw(valuation, asked)
    valued = [each for each in asked if each.key not in by_lot]
    drawn = sorted(
        (each for each in asked if each.key in by_lot), key=lambda each: _lot(valuation, each)
    )
    figures, worth = _value(valuation, campaign, valued, beat)
    order = list(interleaved(figures.pop("order"), drawn, share=valuation.by_lot))
    beat.report(note="putting tasks in order")
    _place(valuation, order, worth, beat)
    figures |= {"tasks": len(asked), "beyond": beyond}
    with beat.fenced():
        valuation.turn += 1
        valuation.last_judgment = figures.pop("last_judgment")
        valuation.figures, valuation.valued_at = figures, timezone.now()
        valuation.save(update_fields=["turn", "last_judgment", "figures", "valued_at"])
    return {"valuation": str(valuation.uid), "tasks": len(asked)}


def _value(
    valuation: Valuation, campaign: Campaign, asked: Sequence[Asked], beat: Beat
) -> tuple[dict[str, Any], dict[int, float]]:
    from evalhub.valuing.decisions import field_of

    heard = heard_for(campaign)
    told: dict[str, Any] = {
        "judgments": heard.judgments, "last_judgment": heard.last, "order": list(asked),
    }  # fmt: skip
    if not asked:
        return told, {}
    answers = answers_of(heard.answers.union(*(each.answers for each in asked)))
    field = field_of(TaskType(campaign.type), answers, heard, threshold=valuation.threshold)
    found = field.find(
        asked,
        aim=Aim(valuation.aim),
        most=max(LEAST_AHEAD, 2 * valuation.every),
        seed=valuation.pk,
        beat=lambda: beat.report(note="valuing"),
    )
    ordered = [asked[place] for place in found.places.tolist()]
    worth = {each.key: value for each, value in zip(ordered, found.worth.tolist(), strict=True)}
    return told | {"order": ordered} | _figures(found, valuation), worth


def _figures(found: Found, valuation: Valuation) -> dict[str, Any]:
    shown = found.orders[:MOST_ORDERS]
    names = names_of(sorted({key for each in shown for key in (each.better, each.worse)}))
    data: dict[str, Any] = {"n": found.data_n, "wrong": found.data_wrong}
    is_rated = valuation.campaign.type == TaskType.RATING
    return {
        "gain": float(found.worth[: valuation.every].sum()),
        **({"rows": data | {"threshold": valuation.threshold}} if is_rated else {"pairs": data}),
        "orders": [
            asdict(each) | {"better": names[each.better], "worse": names[each.worse]}
            for each in shown
        ],
    }


def _draw(valuation: Valuation, asked: Sequence[Asked]) -> set[int]:
    """Keys of the tasks that stand where the lot put them; who was drawn once stays drawn."""
    keys = [each.key for each in asked]
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
        for place, each in enumerate(asked)
        if each.key not in known
    ]
    ValuedTask.objects.bulk_create(fresh, batch_size=_AT_ONCE, ignore_conflicts=True)
    known |= {each.task_id: each.by_lot for each in fresh}
    return {key for key, by_lot in known.items() if by_lot}


def _lot(valuation: Valuation, asked: Asked) -> int:
    """Even, below 2**256, and the same whenever it is asked for."""
    return int.from_bytes(sha256(f"{valuation.uid}:{asked.key}".encode()).digest())


def interleaved(valued: Sequence[Asked], drawn: Sequence[Asked], *, share: int) -> Iterator[Asked]:
    """Both in their order, `share` percent of those drawn among each first so many, while there are any."""
    rest, lots = iter(valued), iter(drawn)
    owed = 0
    for _ in range(len(valued) + len(drawn)):
        owed += share
        first, second = (lots, rest) if owed >= 100 else (rest, lots)
        owed -= 100 if owed >= 100 else 0
        yield next(first, None) or next(second)


def _place(
    valuation: Valuation, order: Sequence[Asked], worth: dict[int, float], beat: Beat
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
