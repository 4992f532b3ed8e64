"""Reports to take away: CSV of each, and the one on bias as a page of its own."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign
from evalhub.reports.access import newest_made
from evalhub.reports.choices import ReportKind
from evalhub.reports.flat import csv_of
from evalhub.reports.paper import bias_file


@require_GET
@login_required
def csv(request: Request, workspace: str, uid: UUID, kind: ReportKind) -> StreamingHttpResponse:
    """The figures of the newest report, one a line; with `?by=` only what is split by that."""
    member = access_member(request.user, workspace, to="build")
    campaign = access_campaign(member, uid)
    return csv_of(newest_made(campaign, kind), by=request.GET.get("by", ""))


@require_GET
@login_required
def paper(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The newest report on bias as one HTML file."""
    member = access_member(request.user, workspace, to="build")
    campaign = access_campaign(member, uid)
    report = newest_made(campaign, ReportKind.BIAS)
    text = bias_file(campaign.title, report.body, made_at=report.made_at or timezone.now())
    answer = HttpResponse(text, content_type="text/html; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="bias-{campaign.uid}.html"'
    return answer
