"""What the next pay run would pay, and what the closed ones did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import PayRate
from evalhub.common.money import amount_of
from evalhub.common.spreadsheets import csv_lines
from evalhub.judgments.models import PayLine, PayRun, undo_ended
from evalhub.judgments.pay.earned import Line, worth
from evalhub.judgments.pay.statements import OPEN

HEAD = (
    "pseudonym", "user_name", "email", "campaign", "unit", "rate", "currency", "judgments",
    "untimed", "active_seconds", "amount", "is_correction",
)  # fmt: skip


@dataclass(frozen=True)
class OpenLine:
    """A line of the pay run that would be closed now."""

    member: Member
    rate: PayRate
    is_correction: bool
    judgments: int
    untimed: int
    active_ms: int

    @property
    def amount(self) -> int:
        return worth(self.rate, judgments=self.judgments, active_ms=self.active_ms)


def newest_run(workspace: Workspace) -> PayRun | None:
    return workspace.pay_runs.order_by("-ends_at").first()


def open_lines(workspace: Workspace, *, end: datetime) -> list[OpenLine]:
    """What is due for work before `end` and not paid, and what was paid and is not due any more."""
    last = newest_run(workspace)
    begin = None if last is None else last.ends_at
    return lines_by(OPEN, workspace, begin=begin, end=end)


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
