from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evalhub.accounts.sign_in import check_door, count_try
from evalhub.campaigns.queries import progress_of
from evalhub.judgments.pace import pace_of, people_of
from evalhub.judgments.views.pace import chart_of
from evalhub.links.access import report_link_by
from evalhub.links.errors import LinkOver
from evalhub.links.queries import agreement_in
from evalhub.links.services.opening import count_opening

DOOR = "report"


@never_cache
@require_GET
def report(request: HttpRequest, secret: str) -> HttpResponse:
    """How a campaign goes, for a client: figures, and nobody's name or words."""
    check_door(request, DOOR)
    try:
        link = report_link_by(secret)
    except LinkOver:
        count_try(request, DOOR)
        raise
    count_opening(link=link)
    progress, people = progress_of(link.campaign), people_of(link.campaign)
    pace = pace_of(link.campaign, progress)
    timed, active_ms = sum(each.timed for each in people), sum(each.active_ms for each in people)
    context = {
        "campaign": link.campaign,
        "progress": progress,
        "people": sum(each.judged > 0 for each in people),
        "ms_each": round(active_ms / timed) if timed else None,
        "active_ms": active_ms,
        "pace": pace,
        "chart": chart_of(pace),
        "agreement": agreement_in(link.campaign),
    }
    return render(request, "links/report.html", context)
