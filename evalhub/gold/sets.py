"""Which sets somebody may try, and how they stand in each."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from evalhub.accounts.models import Member
from evalhub.campaigns.eligibility import open_to
from evalhub.campaigns.models import Campaign
from evalhub.gold.models import Qualification


def sets_for(member: Member) -> QuerySet[Qualification]:
    """Those of open campaigns that are for the member, and those that they ever tried."""
    campaigns = Campaign.objects.of_workspace(member.workspace)
    theirs = campaigns.open().filter(open_to(member)).values("pk")
    tried = member.workspace.campaigns.filter(qualification__attempts__member=member).values("pk")
    rows = Qualification.objects.filter(Q(campaign__in=theirs) | Q(campaign__in=tried))
    return rows.select_related("campaign__workspace").order_by("word", "pk")
