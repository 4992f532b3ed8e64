from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from evalhub.accounts.access import ROLES_FOR, access_member
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.queries import progress_of
from evalhub.common.charts import BarChart, bar_chart
from evalhub.judgments.pace import Pace, pace_of, people_of


@require_GET
@login_required
def pace(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Who judges how fast, and when it will be done; without the frame for the campaign's page."""
    member = access_member(request.user, workspace, to="watch")
    campaign = access_campaign(member, uid)
    progress = progress_of(campaign)
    found = pace_of(campaign, progress)
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "progress": progress,
        "people": people_of(campaign),
        "builds": member.has(*ROLES_FOR["build"]),
        "pace": found,
        "chart": chart_of(found),
    }
    template = "judgments/pace.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


def chart_of(found: Pace) -> BarChart | None:
    """What came in each period; None: nothing at all."""
    if not found.most:
        return None
    form = "MONTH_DAY_FORMAT" if found.is_by_day else "H:i"
    return bar_chart(
        _("Judgments by day") if found.is_by_day else _("Judgments by hour"),
        [(date_format(timezone.localtime(bar.begin), form), bar.judgments) for bar in found.bars],
    )
