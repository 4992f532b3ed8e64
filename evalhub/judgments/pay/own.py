"""What an annotator is told about their own pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import PayRate
from evalhub.judgments.pay.earned import Between, Earned, earned_by_each, sums_of


@dataclass(frozen=True)
class Earnings:
    """By currency, in its smallest unit: since the first of the month, and in all."""

    this_month: dict[str, int]
    in_all: dict[str, int]
    returned: int  # judgments that are not paid until they are redone


def earnings_of(member: Member) -> Earnings | None:
    """None: no campaign of the workspace pays."""
    if not PayRate.objects.filter(campaign__workspace=member.workspace_id).exists():
        return None
    now = timezone.localtime()
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = now + timedelta(days=1)  # nothing is judged later than now, and this hour is not cut
    month, ever = earned_by_each(member, [Between(first, end), Between(None, end)])
    return Earnings(
        this_month=_sums(month),
        in_all=_sums(ever),
        returned=sum(line.returned for line in ever),
    )


def _sums(lines: list[Earned]) -> dict[str, int]:
    return sums_of(line for line in lines if line.amount)
