"""What somebody's own work comes to, and how long a task takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import AssignmentState
from evalhub.campaigns.models import Assignment
from evalhub.campaigns.queries import MyCampaign, campaigns_for
from evalhub.judgments.models import Judgment, ReturnedJudgment

NEWEST = 200  # judgments that a campaign's time per task is taken from

# The newest of each campaign by the index (campaign, id): flat in how many it has.
_MEDIAN = """
    SELECT c.id, percentile_cont(0.5) WITHIN GROUP (ORDER BY newest.active_ms)
    FROM unnest(%s::bigint[]) AS c (id)
    CROSS JOIN LATERAL (
        SELECT j.active_ms FROM judgments_judgment j
        WHERE j.campaign_id = c.id AND j.active_ms IS NOT NULL AND j.withdrawn_at IS NULL
        ORDER BY j.id DESC LIMIT %s
    ) newest
    GROUP BY c.id
"""


@dataclass(frozen=True)
class Figures:
    """Judgments count once, however often they were revised; time counts each time."""

    judged_today: int
    judged: int
    time_today: int  # active milliseconds
    time: int
    untimed: int  # judgments whose active time nobody measured


@dataclass(frozen=True)
class Card(MyCampaign):
    """A campaign on the page where one begins."""

    active_ms: int | None  # of a task, as people here take it; None: nobody has been timed yet


@dataclass(frozen=True)
class Waiting:
    """What waits for the member in their own work."""

    drafts: int
    returned: int


def time_per_task(campaigns: Sequence[int]) -> dict[int, int]:
    """The median active milliseconds of a campaign's newest judgments, by its key.

    A campaign without a timed judgment is left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, [list(campaigns), NEWEST])
        return {key: round(median) for key, median in cursor.fetchall()}


def cards_for(member: Member) -> list[Card]:
    """The open campaigns, those with something left first."""
    rows = campaigns_for(member)
    times = time_per_task([row.campaign.pk for row in rows])
    return [Card(**vars(row), active_ms=times.get(row.campaign.pk)) for row in rows]


def figures_of(member: Member) -> Figures:
    """Counted from midnight in the reader's zone, and in all."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today, first = Q(judged_at__gte=midnight), Q(supersedes=None)
    sums = Judgment.objects.filter(member=member, withdrawn_at=None).aggregate(
        judged_today=Count("pk", filter=today & first),
        judged=Count("pk", filter=first),
        time_today=Sum("active_ms", filter=today, default=0),
        time=Sum("active_ms", default=0),
        untimed=Count("pk", filter=Q(active_ms=None)),
    )
    return Figures(**sums)


def drafts_of(member: Member) -> QuerySet[Assignment]:
    """What they began and did not submit, and what came too late or differed in another tab."""
    begun = [AssignmentState.HELD, AssignmentState.RELEASED, AssignmentState.EXPIRED]
    mine = Assignment.objects.of_member(member).filter(draft__isnull=False)
    return mine.filter(Q(state__in=begun) | Q(draft__late=True))


def waiting_for(member: Member) -> Waiting:
    return Waiting(
        drafts=drafts_of(member).count(),
        returned=ReturnedJudgment.objects.filter(
            judgment__member=member, judgment__superseded_by=None, judgment__withdrawn_at=None
        ).count(),
    )
