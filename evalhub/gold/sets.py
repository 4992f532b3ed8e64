"""Which sets somebody may try, and how they stand in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import CampaignState, TaskKind
from evalhub.campaigns.eligibility import open_to
from evalhub.campaigns.models import Campaign
from evalhub.gold.choices import AttemptState
from evalhub.gold.models import Attempt, Qualification


@dataclass(frozen=True)
class Standing:
    """How somebody stands in one set."""

    set: Qualification
    size: int  # tasks
    last: Attempt | None
    has: bool  # the qualification
    refusal: str  # why they may not start now; empty: they may


def sets_for(member: Member) -> QuerySet[Qualification]:
    """Those of open campaigns that are for the member, and those that they ever tried."""
    campaigns = Campaign.objects.of_workspace(member.workspace)
    theirs = campaigns.open().filter(open_to(member)).values("pk")
    tried = member.workspace.campaigns.filter(qualification__attempts__member=member).values("pk")
    rows = Qualification.objects.filter(Q(campaign__in=theirs) | Q(campaign__in=tried))
    return rows.select_related("campaign__workspace").order_by("word", "pk")


def standings_of(member: Member) -> list[Standing]:
    """The same with how they stand, in two queries."""
    stands = Q(
        campaign__tasks__kind=TaskKind.GOLD,
        campaign__tasks__expert_answer__isnull=False,
        campaign__tasks__expert_answer__withdrawn_at=None,
    )
    sized = sets_for(member).annotate(size=Count("campaign__tasks", filter=stands))
    tries = Attempt.objects.filter(member=member).select_related("qualification").order_by("pk")
    newest = {each.qualification_id: each for each in tries}
    return [
        Standing(
            each,
            size=each.size,
            last=newest.get(each.pk),
            has=each.word in member.qualifications,
            refusal=refusal(each, member, last=newest.get(each.pk)),
        )
        for each in sized
    ]


def refusal(qualification: Qualification, member: Member, *, last: Attempt | None) -> str:
    """Why the member, whose last attempt this is, may not start now; empty: they may."""
    if qualification.campaign.state != CampaignState.OPEN:
        return _("This set is not open.")
    if qualification.word in member.qualifications:
        return _("You have this qualification.")
    if last is None:
        return ""
    if last.state == AttemptState.UNDER_WAY:
        return _("You are at it already.")
    if last.state == AttemptState.PASSED:  # and lost it since
        return _("Ask a lead whether you may try again.")
    return _wait(last.next_at)


def _wait(until: datetime | None) -> str:
    if until is None:
        return _("Ask a lead whether you may try again.")
    if until > timezone.now():
        return _("You may try again from %(when)s on.") % {"when": f"{until:%Y-%m-%d %H:%M} UTC"}
    return ""
