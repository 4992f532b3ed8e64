"""How fast a campaign comes in: by person and by hour, and when it will be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import Hand, Progress, hands_of
from evalhub.judgments.models import FILLS_A_PLACE
from evalhub.stats.pace import expected_finish

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS_ENOUGH = 3  # from then on the pace is taken by the day, which has its nights in it
LOOKED_BACK = 14  # days, or as many hours for a campaign that is younger

# What the tallies have and what came after them, as one table.
_ALL = f"""
    WITH every AS (
        SELECT member_id, hour, judgments, timed, active_ms FROM judgments_tally
        WHERE campaign_id = %(campaign)s
        UNION ALL
        SELECT member_id, date_trunc('hour', judged_at, 'UTC'), count(*), count(active_ms),
               coalesce(sum(active_ms), 0)
        FROM judgments_judgment
        WHERE campaign_id = %(campaign)s
          AND id > coalesce((SELECT up_to FROM judgments_tallymark), 0)
          AND {FILLS_A_PLACE}
        GROUP BY 1, 2
    )
"""  # noqa: S608  constants only
_BY_MEMBER = f"""{_ALL}
    SELECT member_id, sum(judgments)::bigint, sum(timed)::bigint, sum(active_ms)::bigint, max(hour)
    FROM every GROUP BY 1 ORDER BY 2 DESC, 1
"""  # noqa: S608  constants only
_BY_HOUR = f"""{_ALL}
    SELECT hour, sum(judgments)::bigint FROM every WHERE hour >= %(since)s GROUP BY 1 ORDER BY 1
"""  # noqa: S608  constants only


@dataclass(frozen=True)
class Person:
    """One annotator's part in a campaign."""

    member: Member
    judged: int
    active_ms: int
    timed: int  # judgments whose active time is known
    last_hour: datetime | None  # in which they judged
    hand: Hand

    @property
    def ms_each(self) -> int | None:
        return round(self.active_ms / self.timed) if self.timed else None


@dataclass(frozen=True)
class Bar:
    begin: datetime
    judgments: int


@dataclass(frozen=True)
class Pace:
    bars: list[Bar]  # empty periods included, the one that is under way last
    period: timedelta
    expected: datetime | None  # when all is done; None: nothing to tell it by
    low: datetime | None
    high: datetime | None  # None beside a `low`: the pace may come to nothing

    @property
    def most(self) -> int:
        return max((bar.judgments for bar in self.bars), default=0)

    @property
    def is_by_day(self) -> bool:
        return self.period == DAY


def people_of(campaign: Campaign) -> list[Person]:
    """Everybody who ever held a task of it, the most judgments first."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_MEMBER, {"campaign": campaign.pk})
        given = {key: rest for key, *rest in cursor.fetchall()}
    hands = hands_of(campaign)
    members = Member.objects.in_bulk([*given, *hands])
    people = []
    for key in sorted(given.keys() | hands.keys(), key=lambda key: (-_judged(given, key), key)):
        judged, timed, active, last = given.get(key, (0, 0, 0, None))
        person = Person(members[key], judged, active, timed, last, hands.get(key, Hand()))
        people.append(person)
    return people


def _judged(given: dict[int, list[int]], key: int) -> int:
    return given[key][0] if key in given else 0


def pace_of(campaign: Campaign, progress: Progress) -> Pace:
    """What came in each of the last days (or hours), and what that says about the end."""
    now = timezone.now()
    began = campaign.opened_at or now
    period = DAY if now - began >= DAYS_ENOUGH * DAY else HOUR
    this = _begin_of(now, period)
    since = max(_begin_of(began, period), this - LOOKED_BACK * period)
    with connection.cursor() as cursor:
        cursor.execute(_BY_HOUR, {"campaign": campaign.pk, "since": since})
        by_hour = cursor.fetchall()
    counts = [0] * ((this - since) // period + 1)
    for hour, judgments in by_hour:
        counts[(hour - since) // period] += judgments
    bars = [Bar(since + nth * period, count) for nth, count in enumerate(counts)]
    # the first and the last period are not whole
    finish = expected_finish(counts[1:-1], progress.wanted - progress.done)
    if finish is None or progress.is_finished:
        return Pace(bars, period, None, None, None)
    high = None if finish.high is None else _later(now, finish.high * period)
    expected = _later(now, finish.expected * period)
    return Pace(bars, period, expected, _later(now, finish.low * period), high)


def given_since(campaign: Campaign, moment: datetime) -> int:
    """Judgments of the hours that began since then."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_HOUR, {"campaign": campaign.pk, "since": moment})
        return sum(count for _, count in cursor.fetchall())


def _begin_of(moment: datetime, period: timedelta) -> datetime:
    """The beginning of its hour or of its day, UTC."""
    whole = moment.replace(minute=0, second=0, microsecond=0)
    return whole.replace(hour=0) if period == DAY else whole


def _later(now: datetime, wait: timedelta) -> datetime | None:
    """None: beyond what a calendar has."""
    try:
        return now + wait
    except OverflowError:
        return None
