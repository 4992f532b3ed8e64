"""What the people of a manager's groups do: each figure is of one person, none is of a whole campaign."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import AssignmentState, CampaignState, Origin
from evalhub.campaigns.models import Assignment, Campaign, Flag
from evalhub.common.rows import array_of
from evalhub.gold.models import GoldVerdict
from evalhub.groups.access import groups_of, people_of, shared_groups
from evalhub.judgments.choices import Verdict
from evalhub.judgments.models import FILLS_A_PLACE, Review
from evalhub.judgments.pay.earned import Earned, earned_by_some
from evalhub.judgments.reviewing import Reviewed
from evalhub.stats.proportions import Share, wilson

VERDICTS = ("", *Verdict.values)  # as Reviewed counts them; the first: none yet
WEEK = timedelta(days=7)
DAYS = 14  # that the page of one person shows
STAFFED = (CampaignState.OPEN, CampaignState.PAUSED)
ASKED_OF_PEOPLE = (Origin.PEOPLE, Origin.ROUND)

# What the tallies have of some people and what came after them, as one table.
_ALL = f"""
    WITH every AS (
        SELECT member_id, campaign_id, hour, judgments, timed, active_ms FROM judgments_tally
        WHERE member_id = ANY(%(people)s::bigint[])
        UNION ALL
        SELECT member_id, campaign_id, date_trunc('hour', judged_at, 'UTC'), count(*),
               count(active_ms), coalesce(sum(active_ms), 0)
        FROM judgments_judgment
        WHERE member_id = ANY(%(people)s::bigint[])
          AND id > coalesce((SELECT up_to FROM judgments_tallymark), 0)
          AND {FILLS_A_PLACE}
        GROUP BY 1, 2, 3
    )
"""  # noqa: S608  constants only
_WORK = f"""{_ALL}
    SELECT member_id, campaign_id, sum(judgments)::bigint,
           coalesce(sum(judgments) FILTER (WHERE hour >= %(since)s), 0)::bigint,
           sum(timed)::bigint, sum(active_ms)::bigint, max(hour)
    FROM every GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608  constants only
_BY_DAY = f"""{_ALL}
    SELECT date_trunc('day', hour, 'UTC'), sum(judgments)::bigint, sum(active_ms)::bigint
    FROM every WHERE hour >= %(since)s GROUP BY 1 ORDER BY 1
"""  # noqa: S608  constants only


@dataclass(frozen=True)
class Work:
    """What one person judged: each task once, however often they revised it."""

    judged: int = 0
    week: int = 0  # of those, in the last seven days
    timed: int = 0  # judgments whose active time is known
    active_ms: int = 0  # of those
    last_hour: datetime | None = None  # in which they judged

    @property
    def ms_each(self) -> int | None:
        return round(self.active_ms / self.timed) if self.timed else None


@dataclass(frozen=True)
class Row:
    """One person as the list has them."""

    person: Member
    groups: list[str]  # those that the reader manages
    work: Work
    held: int
    gold: Share  # passed, of the gold that still stands
    reviewed: Reviewed
    open_flags: int


@dataclass(frozen=True)
class Part:
    """What one person did in a campaign."""

    campaign: Campaign
    work: Work
    held: int
    gold: Share
    reviewed: Reviewed


@dataclass(frozen=True)
class Offer:
    """A campaign for one of the manager's groups, and whether the person judges in it."""

    campaign: Campaign
    is_for_all: bool  # of its groups: nobody is named
    is_named: bool


@dataclass(frozen=True)
class Day:
    begin: datetime  # UTC
    judged: int
    active_ms: int


@dataclass
class _Found:
    """By the person's key and the campaign's."""

    work: dict[int, dict[int, Work]] = field(default_factory=lambda: defaultdict(dict))
    held: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    gold: dict[int, dict[int, tuple[int, int]]] = field(default_factory=lambda: defaultdict(dict))
    reviews: dict[int, dict[int, Reviewed]] = field(default_factory=lambda: defaultdict(dict))


def rows_for(member: Member, people: Sequence[Member]) -> list[Row]:
    """Each of `people`, who are the member's, in the same order; a handful of statements for all."""
    found, flags = _found(people), _open_flags(people)
    managed = set(groups_of(member))
    return [
        Row(
            person=each,
            groups=sorted(managed & set(each.groups)),
            work=_added(found.work[each.pk].values()),
            held=sum(found.held[each.pk].values()),
            gold=_share(found.gold[each.pk].values()),
            reviewed=_reviewed(each, found.reviews[each.pk].values()),
            open_flags=flags.get(each.pk, 0),
        )
        for each in people
    ]


def parts_of(person: Member) -> list[Part]:
    """The campaigns that they judged in or hold a task of, the newest first."""
    found = _found([person])
    work, held = found.work[person.pk], found.held[person.pk]
    gold, reviews = found.gold[person.pk], found.reviews[person.pk]
    campaigns = Campaign.objects.filter(pk__in=work.keys() | held.keys()).order_by("-pk")
    return [
        Part(
            campaign=each,
            work=work.get(each.pk, Work()),
            held=held.get(each.pk, 0),
            gold=wilson(*gold.get(each.pk, (0, 0))),
            reviewed=reviews.get(each.pk, Reviewed(str(person), 0, 0, 0, 0)),
        )
        for each in campaigns
    ]


def offered_to(member: Member, person: Member) -> list[Offer]:
    """The campaigns under way that are for a group which both have, the newest first."""
    campaigns = staffed_for(shared_groups(member, person)).filter(workspace=person.workspace_id)
    return [
        Offer(each, is_for_all=not each.people, is_named=person.pk in each.people)
        for each in campaigns.order_by("-pk")
    ]


def staffed_for(groups: Collection[str]) -> QuerySet[Campaign]:
    """Open or paused, and for at least one of `groups`; a pilot is its lead's own."""
    campaigns = Campaign.objects.filter(state__in=STAFFED, pilot_of=None)
    return campaigns.filter(origin__in=ASKED_OF_PEOPLE, groups__overlap=list(groups))


def flags_of(people: QuerySet[Member]) -> QuerySet[Flag]:
    """What they flagged and asked, with the answers; who answered is nobody of theirs."""
    rows = Flag.objects.filter(member__in=people.values("pk"))
    return rows.select_related("member", "campaign").order_by("-pk")


def earned_by_people(member: Member, *, begin: datetime | None, end: datetime) -> list[Earned]:
    """What the member's people earned from `begin` to before `end`, by person and rate."""
    keys = list(people_of(member).values_list("pk", flat=True))
    return earned_by_some(member.workspace, keys, begin=begin, end=end)


def days_of(person: Member) -> list[Day]:
    """The last DAYS days, those without work too; today last."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY, {"people": array_of([person.pk]), "since": begins[0]})
        given = {begin: rest for begin, *rest in cursor.fetchall()}
    return [Day(begin, *given.get(begin, (0, 0))) for begin in begins]


def _found(people: Sequence[Member]) -> _Found:
    keys = [each.pk for each in people]
    found = _Found()
    with connection.cursor() as cursor:
        cursor.execute(_WORK, {"people": array_of(keys), "since": timezone.now() - WEEK})
        for member, campaign, *given in cursor.fetchall():
            found.work[member][campaign] = Work(*given)
    held = Assignment.objects.filter(member__in=keys, state=AssignmentState.HELD)
    for member, campaign, count in _counted(held, "member_id", n=Count("pk")):
        found.held[member][campaign] = count
    gold = GoldVerdict.objects.standing().filter(member__in=keys)
    passed = Count("pk", filter=Q(passed=True))
    for member, campaign, good, n in _counted(gold, "member_id", good=passed, n=Count("pk")):
        found.gold[member][campaign] = (good, n)
    judged_in = {campaign for each in found.work.values() for campaign in each}
    reviews = Review.objects.filter(campaign__in=judged_in, author__in=keys)
    counts = {each or "waiting": Count("pk", filter=Q(verdict=each)) for each in VERDICTS}
    for member, campaign, *tally in _counted(reviews, "author_id", **counts):
        found.reviews[member][campaign] = Reviewed("", *tally)
    return found


def _counted(rows: QuerySet[Any], by: str, **counts: Count) -> Iterator[tuple[int, ...]]:
    """By a person's key and the campaign's, with each of `counts`, in their order."""
    grouped = rows.order_by(by, "campaign_id").values(by, "campaign_id").annotate(**counts)
    yield from grouped.values_list(by, "campaign_id", *counts)


def _open_flags(people: Sequence[Member]) -> dict[int, int]:
    flags = Flag.objects.open().filter(member__in=[each.pk for each in people])
    counted = flags.order_by("member_id").values("member_id").annotate(n=Count("pk"))
    return dict(counted.values_list("member_id", "n"))


def _added(parts: Collection[Work]) -> Work:
    return Work(
        judged=sum(each.judged for each in parts),
        week=sum(each.week for each in parts),
        timed=sum(each.timed for each in parts),
        active_ms=sum(each.active_ms for each in parts),
        last_hour=max((each.last_hour for each in parts if each.last_hour), default=None),
    )


def _share(parts: Collection[tuple[int, int]]) -> Share:
    return wilson(sum(good for good, _ in parts), sum(n for _, n in parts))


def _reviewed(person: Member, parts: Collection[Reviewed]) -> Reviewed:
    names = ("waiting", "accepted", "fixed", "returned")
    return Reviewed(str(person), *(sum(getattr(each, name) for each in parts) for name in names))
