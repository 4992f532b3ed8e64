"""When a Round starts by itself, and when a Loop pauses itself: the parts of a policy, as data."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_DAYS = 366


class Schedule(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """So many days after the last Round began, at a time of day; on some weekdays only, if any are named."""

    every_days: int = 7
    at: str = "06:00"
    zone: str = "UTC"
    weekdays: tuple[Weekday, ...] = ()

    def next_after(self, moment: datetime) -> datetime:
        """The first time that is due after a Round that began at `moment`, in UTC.

        A time of day that the clocks skip in spring counts as the one an hour later.
        """
        zone = ZoneInfo(self.zone)
        day = moment.astimezone(zone).date() + timedelta(days=self.every_days)
        while self.weekdays and WEEKDAYS[day.weekday()] not in self.weekdays:
            day += timedelta(days=1)
        return datetime.combine(day, time.fromisoformat(self.at), zone).astimezone(UTC)

    def faults(self) -> list[str]:
        faults = []
        if not 1 <= self.every_days <= LONGEST_DAYS:
            faults.append(f"every_days is {self.every_days}, but must be 1 to {LONGEST_DAYS}")
        try:
            if time.fromisoformat(self.at).tzinfo is not None:
                raise ValueError
        except ValueError:
            faults.append(f"at is {self.at!r}, but must be a time of day such as 06:00")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            faults.append(f"zone is {self.zone!r}, but must be a time zone such as Europe/Berlin")
        return faults


class Start(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """By hand, or by itself once any or all of what is set here has come about."""

    when: Literal["hand", "any", "all"] = "hand"
    judgments: int | None = None  # so many that no Round has learnt from yet
    agreement: float | None = None  # over this, in the campaign that people judge now
    schedule: Schedule | None = None

    def faults(self) -> list[str]:
        faults = []
        waits = (self.judgments, self.agreement, self.schedule)
        if self.when != "hand" and all(each is None for each in waits):
            faults.append(
                f"when is {self.when!r}, but nothing is waited for: set judgments, agreement or "
                "schedule, or let a person start it (hand)"
            )
        if self.judgments is not None and self.judgments < 1:
            faults.append(f"judgments is {self.judgments}, but must be 1 or more")
        faults += _between("agreement", self.agreement, 0, 1)
        if self.schedule is not None:
            faults += [f"schedule.{fault}" for fault in self.schedule.faults()]
        return faults


class Bars(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the judgments of the campaign must keep to, else the Loop pauses; None: not looked at."""

    agreement: float | None = None  # at least, 0 to 1
    gold: float | None = None  # percent of gold passed, at least
    unsafe: float | None = None  # percent of judgments with a flag "unsafe content", at most
    safety: float | None = None  # mean rating of the criterion "safety", at least, as on 1 to 5
    fewest: int = 20  # judgments, before a figure says anything

    def faults(self) -> list[str]:
        faults = _between("agreement", self.agreement, 0, 1)
        faults += _between("gold", self.gold, 0, 100) + _between("unsafe", self.unsafe, 0, 100)
        faults += _between("safety", self.safety, 1, 5)
        if self.fewest < 1:
            faults.append(f"fewest is {self.fewest}, but must be 1 or more")
        return faults

    @property
    def are_set(self) -> bool:
        return any(
            each is not None for each in (self.agreement, self.gold, self.unsafe, self.safety)
        )


def _between(name: str, value: float | None, low: float, high: float) -> list[str]:
    if value is None or low <= value <= high:
        return []
    return [f"{name} is {value:g}, but must be {low:g} to {high:g}"]
