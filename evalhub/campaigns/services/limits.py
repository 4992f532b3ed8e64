"""How much somebody may judge in a day, where an owner or a lead set a limit."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import AssignmentState
from evalhub.campaigns.errors import enough_for_today
from evalhub.campaigns.models import Assignment

ActiveSince = Callable[[Member, datetime], int]

_clocks: list[ActiveSince] = []  # one; judgments, which know the time, set it at the start


@dataclass(frozen=True)
class Today:
    """What somebody did since their midnight, and when their next day begins."""

    tasks: int  # submitted, and in their hand
    minutes: int  # active ones, whole
    back_at: datetime


def measure_by(active_since: ActiveSince) -> None:
    """Learn how many active milliseconds a member has had since a moment."""
    _clocks[:] = [active_since]


def check_today(member_pk: int) -> None:
    """Raise EnoughForToday when one of the member's limits is reached. For those who have one."""
    member = Member.objects.select_related("user").get(pk=member_pk)
    today = today_of(member)
    for done, most in ((today.tasks, member.most_tasks), (today.minutes, member.most_minutes)):
        if most is not None and done >= most:
            raise enough_for_today(today.back_at)


def today_of(member: Member) -> Today:
    begin = midnight_of(member)
    mine = Assignment.objects.of_member(member)
    submitted = mine.filter(state=AssignmentState.SUBMITTED, ended_at__gte=begin)
    active_ms = sum(clock(member, begin) for clock in _clocks)
    return Today(
        tasks=submitted.count() + mine.held().count(),
        minutes=active_ms // 60_000,
        back_at=_day_after(begin),
    )


def midnight_of(member: Member) -> datetime:
    """When the member's day began, in their own zone."""
    zone = zoneinfo.ZoneInfo(member.user.timezone if member.user else "UTC")
    return timezone.localtime(timezone=zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _day_after(midnight: datetime) -> datetime:
    """A day may have 23 hours: by the calendar, not by the clock."""
    following = (midnight + timedelta(days=1)).date()
    return datetime.combine(following, time.min, tzinfo=midnight.tzinfo)
