"""The figures that alerts watch, and what the daily summary says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from evalhub.accounts.choices import MemberKind
from evalhub.campaigns.choices import FlagKind
from evalhub.campaigns.models import Campaign, Flag
from evalhub.campaigns.queries import Progress, progress_of
from evalhub.judgments.pace import given_since, pace_of
from evalhub.quality.choices import Measure
from evalhub.quality.watching import OF_PEOPLE, agreement_in, judged_in

DAY = timedelta(days=1)
ENOUGH = 20  # judgments, before a share of them says something


@dataclass(frozen=True)
class Day:
    """A campaign's last 24 hours."""

    campaign: Campaign
    judgments: int
    flags: int
    questions: int  # open ones, whenever they were asked
    progress: Progress
    expected: datetime | None  # when all is done


def value_of(campaign: Campaign, measure: Measure) -> float | None:
    """The figure as it is now, of what people said; None while there is too little to say.

    How many judgments a day brought is of all of them: it is read from tallies, which know no sources.
    """
    if measure == Measure.AGREEMENT:
        return agreement_in(campaign, OF_PEOPLE, fewest=ENOUGH)
    if measure == Measure.PACE:
        if campaign.opened_at is None or campaign.opened_at > timezone.now() - DAY:
            return None
        return given_since(campaign, timezone.now() - DAY)
    judged = judged_in(campaign, OF_PEOPLE).count()
    if judged < ENOUGH:
        return None
    machines = [MemberKind.SIMULATED, MemberKind.MODEL]
    flags = Flag.objects.of_campaign(campaign).exclude(member__kind__in=machines)
    return 100 * flags.count() / judged


def is_wrong(value: float, measure: Measure, bound: float) -> bool:
    return value > bound if measure == Measure.FLAGS else value < bound


def last_day_of(campaign: Campaign) -> Day:
    since = timezone.now() - DAY
    flags = Flag.objects.of_campaign(campaign)
    progress = progress_of(campaign)
    return Day(
        campaign=campaign,
        judgments=given_since(campaign, since),
        flags=flags.filter(created_at__gte=since).count(),
        questions=flags.open().filter(kind=FlagKind.QUESTION).count(),
        progress=progress,
        expected=pace_of(campaign, progress).expected,
    )
