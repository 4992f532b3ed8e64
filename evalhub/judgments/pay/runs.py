"""What the next pay run would pay, and what the closed ones did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Sum

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import PayRate
from evalhub.common.money import amount_of
from evalhub.common.spreadsheets import csv_lines
from evalhub.judgments.models import PayLine, PayRun, undo_ended
from evalhub.judgments.pay.earned import Between, Earned, Line, earned_in_each, worth

HEAD = (
    "pseudonym", "user_name", "email", "campaign", "unit", "rate", "currency", "judgments",
    "untimed", "active_seconds", "amount", "is_correction",
)  # fmt: skip


@dataclass(frozen=True)
class OpenLine:
    """A line of the pay run that would be closed now."""

    member: Member
    rate: PayRate
    judgments: int
    untimed: int
    active_ms: int
    is_correction: bool  # of what was judged before that run begins

    @property
    def amount(self) -> int:
        return worth(self.rate, judgments=self.judgments, active_ms=self.active_ms)


class Payroll(NamedTuple):
    earned: list[Earned]
    coming: list[OpenLine]


def newest_run(workspace: Workspace) -> PayRun | None:
    return workspace.pay_runs.order_by("-ends_at").first()


def payroll_of(workspace: Workspace, asked: Between, *, end: datetime) -> Payroll:
    """What was earned in the period that is asked for, and what a run up to `end` would pay.

    By sums: what is due for the time of the closed runs, less all that they paid, is to be corrected. One
    judgment taken back and another paid late, by the same rate and of the same length, leave no line.
    """
    last = newest_run(workspace)
    begin = None if last is None else last.ends_at
    periods = [asked, Between(begin, end)]
    if begin is not None:
        periods.append(Between(None, begin))
    earned, since, *closed = earned_in_each(workspace, periods)
    corrections = _corrections(workspace, closed[0]) if closed else []
    return Payroll(earned, corrections + [_open(line) for line in since if line.judgments])


def _open(line: Earned) -> OpenLine:
    counts = line.judgments, line.untimed, line.active_ms
    return OpenLine(line.member, line.rate, *counts, is_correction=False)


def _corrections(workspace: Workspace, due: Iterable[Earned]) -> list[OpenLine]:
    """What is due, less what was paid, where they are not the same."""
    paid = PayLine.objects.filter(run__workspace=workspace).values_list("member", "rate")
    sums = paid.order_by("member", "rate").annotate(
        Sum("judgments"), Sum("untimed"), Sum("active_ms")
    )
    left = {
        (line.member.pk, line.rate.pk): (line.judgments, line.untimed, line.active_ms)
        for line in due
    }
    for member, rate, judgments, untimed, active_ms in sums:
        was = left.get((member, rate), (0, 0, 0))
        left[member, rate] = was[0] - judgments, was[1] - untimed, was[2] - active_ms
    moved = sorted((key, counts) for key, counts in left.items() if any(counts))
    members = Member.objects.select_related("user").in_bulk({member for (member, _), _ in moved})
    rates = PayRate.objects.select_related("campaign").in_bulk({rate for (_, rate), _ in moved})
    return [
        OpenLine(members[member], rates[rate], *counts, is_correction=True)
        for (member, rate), counts in moved
    ]


def lines_by(statement: str, workspace: Workspace, **asked: Any) -> list[OpenLine]:  # Any: values
    with connection.cursor() as cursor:
        cursor.execute(statement, {"workspace": workspace.pk, "settled": undo_ended(), **asked})
        rows = cursor.fetchall()
    members = Member.objects.select_related("user").in_bulk({row[0] for row in rows})
    rates = PayRate.objects.select_related("campaign").in_bulk({row[1] for row in rows})
    return [OpenLine(members[member], rates[rate], *rest) for member, rate, *rest in rows]


def lines_of(run: PayRun) -> list[PayLine]:
    rows = run.lines.select_related("member__user", "rate__campaign")
    return list(rows.order_by("member__pseudonym", "pk"))


def pay_csv(lines: Iterable[Line]) -> Iterator[str]:
    """One row for each person and rate, corrections apart."""
    return csv_lines(HEAD, (_row(line) for line in lines))


def _row(line: Line) -> tuple[object, ...]:
    user, rate = line.member.user, line.rate
    return (
        line.member.pseudonym,
        user.username if user else "",
        user.email if user else "",
        rate.campaign.title,
        rate.unit,
        rate.amount,
        rate.currency,
        line.judgments,
        line.untimed,
        line.active_ms / 1000,
        amount_of(line.amount, rate.currency),
        "yes" if getattr(line, "is_correction", False) else "no",
    )
