"""What a run cost: time of a device and its price, and the time of the people behind what it learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Max, Min

from evalhub.accounts.models import Workspace
from evalhub.datasets.behind import PLACES, behind_of
from evalhub.datasets.errors import BuildErased, NotBuilt
from evalhub.runs.models import DevicePrice, Run

HOUR = 3600
READ = tuple(PLACES.index(name) for name in ("train.jsonl", "validation.jsonl"))
SMALLEST = Decimal("0.0001")  # runs of seconds cost less than a cent

# the 64 bits that `datasets.behind` keeps of a uid
_LABOUR = """
    SELECT count(*), count(j.active_ms), coalesce(sum(j.active_ms), 0)::bigint
    FROM unnest(%s::bigint[]) AS behind(key)
    JOIN judgments_judgment j ON behind.key = (
        'x' || left(replace(j.uid::text, '-', ''), 8) || right(replace(j.uid::text, '-', ''), 8)
    )::bit(64)::bigint
    WHERE j.workspace_id = %s AND j.source IN ('human', 'imported')
"""


@dataclass(frozen=True)
class Labour:
    """Judgments of people behind the rows that a run read to learn; `timed` have their active time."""

    judgments: int
    timed: int
    active_ms: int

    @property
    def untimed(self) -> int:
        return self.judgments - self.timed

    @property
    def minutes(self) -> float | None:
        """Of those that were timed; None where none was, which is not no time."""
        return self.active_ms / 60_000 if self.timed else None


@dataclass(frozen=True)
class RunCost:
    """`device_seconds` of all attempts; None where the run told nothing yet. `labour`: None where no lineage tells."""

    device_seconds: float | None
    price: DevicePrice | None
    labour: Labour | None

    @property
    def money(self) -> Decimal | None:
        """In the price's currency; None without a price or without a time."""
        if self.price is None or self.device_seconds is None:
            return None
        return (Decimal(self.device_seconds) / HOUR * self.price.amount).quantize(SMALLEST)

    def as_json(self) -> dict[str, Any]:
        return {
            "device_seconds": self.device_seconds,
            "device_cost": None if self.money is None else str(self.money),
            "currency": self.price.currency if self.price else None,
            "labour": asdict(self.labour) | {"minutes": self.labour.minutes}
            if self.labour
            else None,
        }


@dataclass(frozen=True)
class Sum:
    """Of several runs; what is not known of a run is left out and counted."""

    device_seconds: float | None
    without_time: int  # runs
    money: Decimal | None
    currency: str
    minutes: float | None  # builds that several runs learnt from count once
    untimed: int  # judgments
    without_labour: int  # runs of which no lineage tells


def cost_of(run: Run) -> RunCost:
    price = DevicePrice.objects.filter(workspace=run.workspace_id).first()
    return RunCost(device_seconds(run), price, Labour(**run.labour) if run.labour else None)


def sum_of(runs: Sequence[Run], costs: Sequence[RunCost]) -> Sum:
    """Of runs of one workspace, and what each of them cost."""
    known = [cost.device_seconds for cost in costs if cost.device_seconds is not None]
    money = [cost.money for cost in costs if cost.money is not None]
    price = costs[0].price
    by_builds = {
        frozenset(build.pk for build in run.learnt_builds): cost.labour
        for run, cost in zip(runs, costs, strict=True)
        if cost.labour
    }
    minutes = [each.minutes for each in by_builds.values() if each.minutes is not None]
    return Sum(
        device_seconds=sum(known) if known else None,
        without_time=len(costs) - len(known),
        money=sum(money, Decimal(0)) if money else None,
        currency=price.currency if price else "",
        minutes=sum(minutes) if minutes else None,
        untimed=sum(each.untimed for each in by_builds.values()),
        without_labour=sum(cost.labour is None for cost in costs),
    )


def device_seconds(run: Run) -> float | None:
    """What the last attempt says of itself, and of those that went silent from their first word to their last.

    Several devices that train together take as many times so long.
    """
    spans = {
        each["attempt"]: (each["last"] - each["first"]).total_seconds()
        for each in run.events.order_by()
        .values("attempt")
        .annotate(first=Min("at"), last=Max("at"))
    }
    if run.seconds is not None:
        spans[run.job.attempt] = run.seconds
    devices = int(run.spec["options"].get("devices", 1))
    return devices * sum(spans.values()) if spans else None


def labour_behind(run: Run) -> Labour | None:
    """Read the lineage of what a run learnt from; None where a build has none (any more)."""
    keys = []
    for build in run.learnt_builds:
        try:
            behind = behind_of(build, "judgments")
        except (NotBuilt, BuildErased, FileNotFoundError):
            return None
        keys.append(behind.key_E[np.isin(behind.place_E & 3, READ)])
    if not keys:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_LABOUR, [np.unique(np.concatenate(keys)).tolist(), run.workspace_id])
        return Labour(*cursor.fetchone())


def price_of(workspace: Workspace) -> DevicePrice | None:
    return DevicePrice.objects.filter(workspace=workspace).first()
