"""What people have earned in a period, paid out or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, TypeVar

from django.db import connection

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.choices import PayUnit
from evalhub.campaigns.models import PayRate
from evalhub.common.money import in_smallest_unit
from evalhub.common.rows import array_of
from evalhub.judgments.models import undo_ended
from evalhub.judgments.pay.statements import EARNED, EARNED_BY_SOME

MS_PER_HOUR = 3_600_000


class Between(NamedTuple):
    """What was judged from `begin` to before `end`."""

    begin: datetime | None  # None: from the first on
    end: datetime


class Line(Protocol):
    """What one member earned by one rate: reckoned now, or stored in a pay run."""

    @property
    def member(self) -> Member: ...
    @property
    def rate(self) -> PayRate: ...
    @property
    def judgments(self) -> int: ...
    @property
    def untimed(self) -> int: ...
    @property
    def active_ms(self) -> int: ...
    @property
    def amount(self) -> int: ...


@dataclass(frozen=True)
class Earned:
    member: Member
    rate: PayRate
    judgments: int
    untimed: int  # of those; nobody measured their time
    active_ms: int
    returned: int = 0  # and not redone: not paid
    extra: int = 0  # not paid
    withdrawn: int = 0  # and not answered again: not paid

    @property
    def amount(self) -> int:
        """In the smallest unit of the rate's currency."""
        return worth(self.rate, judgments=self.judgments, active_ms=self.active_ms)


@dataclass(frozen=True)
class Total:
    """What one member gets in one currency."""

    member: Member
    currency: str
    judgments: int
    untimed: int
    active_ms: int
    smallest: int  # the amount, in the smallest unit of the currency


@dataclass(frozen=True)
class EarnedTotal(Total):
    returned: int
    extra: int
    withdrawn: int


AnyLine = TypeVar("AnyLine", bound=Line)


def worth(rate: PayRate, *, judgments: int, active_ms: int) -> int:
    """What that much work earns, in the smallest unit; rounded once for all of it."""
    count = Decimal(judgments)
    if rate.unit == PayUnit.HOUR:
        count = Decimal(active_ms) / MS_PER_HOUR
    return in_smallest_unit(rate.amount * count, rate.currency)


def earned_in(workspace: Workspace, *, begin: datetime | None, end: datetime) -> list[Earned]:
    """By member and rate, what was judged from `begin` to before `end`."""
    [lines] = earned_in_each(workspace, [Between(begin, end)])
    return lines


def earned_in_each(workspace: Workspace, periods: Sequence[Between]) -> list[list[Earned]]:
    """The same of each period, which may overlap, by one statement."""
    return _earned(EARNED, workspace, periods)


def earned_by_some(
    workspace: Workspace, members: Sequence[int], *, begin: datetime | None, end: datetime
) -> list[Earned]:
    """The same of those members of the workspace, by their keys."""
    [lines] = _earned(EARNED_BY_SOME, workspace, [Between(begin, end)], members)
    return lines


def earned_by_each(member: Member, periods: Sequence[Between]) -> list[list[Earned]]:
    """What one member earned in each period."""
    return _earned(EARNED_BY_SOME, member.workspace, periods, [member.pk])


def totals_of(lines: Iterable[Line]) -> list[Total]:
    """By member and currency, in the order of their pseudonyms."""
    return [Total(**_added(rows)) for rows in _by_person(lines)]


def earned_totals(lines: Iterable[Earned]) -> list[EarnedTotal]:
    """The same, with what is not paid."""
    return [
        EarnedTotal(
            **_added(rows),
            returned=sum(row.returned for row in rows),
            extra=sum(row.extra for row in rows),
            withdrawn=sum(row.withdrawn for row in rows),
        )
        for rows in _by_person(lines)
    ]


def sums_of(lines: Iterable[Line]) -> dict[str, int]:
    """By currency, in its smallest unit, of all."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.rate.currency] = sums.get(line.rate.currency, 0) + line.amount
    return dict(sorted(sums.items()))


def _by_person(lines: Iterable[AnyLine]) -> list[list[AnyLine]]:
    groups: dict[tuple[str, int, str], list[AnyLine]] = {}
    for line in lines:
        key = (line.member.pseudonym, line.member.pk, line.rate.currency)
        groups.setdefault(key, []).append(line)
    return [groups[key] for key in sorted(groups)]


def _added(rows: Sequence[Line]) -> dict[str, Any]:  # Any: the fields of a Total
    return {
        "member": rows[0].member,
        "currency": rows[0].rate.currency,
        "judgments": sum(row.judgments for row in rows),
        "untimed": sum(row.untimed for row in rows),
        "active_ms": sum(row.active_ms for row in rows),
        "smallest": sum(row.amount for row in rows),
    }


def _earned(
    statement: str, workspace: Workspace, periods: Sequence[Between], members: Sequence[int] = ()
) -> list[list[Earned]]:
    asked: dict[str, Any] = {  # Any: values
        "workspace": workspace.pk,
        "settled": undo_ended(),
        "begins": [period.begin for period in periods],
        "ends": [period.end for period in periods],
        "members": array_of(members),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        rows = cursor.fetchall()
    people = Member.objects.select_related("user").in_bulk({row[1] for row in rows})
    rates = PayRate.objects.select_related("campaign").in_bulk({row[2] for row in rows})
    found: list[list[Earned]] = [[] for _ in periods]
    for nth, member, rate, *counts in rows:
        found[nth - 1].append(Earned(people[member], rates[rate], *counts))
    return found
