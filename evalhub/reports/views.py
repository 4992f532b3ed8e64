from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import ROLES_FOR, access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.models import Campaign
from evalhub.common.attachments import attachment
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first
from evalhub.reports.access import access_export
from evalhub.reports.choices import ExportFormat, ReportKind
from evalhub.reports.forms import ExportForm
from evalhub.reports.models import Report
from evalhub.reports.services import (
    open_export,
    start_export,
    start_report,
    start_reports,
)

PEOPLE = 50  # on a page: each has a section of their own


@require_http_methods(["GET", "POST"])
@login_required
def export_list(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The exports of a campaign, and the form for another one."""
    member = access_member(request.user, workspace, to="build")
    campaign = access_campaign(member, uid)
    form = ExportForm(request.POST or None)
    if form.is_valid():
        try:
            export = start_export(
                campaign=campaign,
                format=ExportFormat(form.cleaned_data["format"]),
                everything=form.cleaned_data["everything"],
                by=member,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("reports:export", workspace, export.uid)
    exports = campaign.exports.select_related("job", "created_by")
    context = _context(member) | {
        "campaign": campaign,
        "form": form,
        "page": newest_first(exports, before=request.GET.get("before", "")),
    }
    return render(request, "reports/export_list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
def agreement(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """How far people agree, as it was last computed."""
    return _report(request, workspace, uid, ReportKind.AGREEMENT)


@require_http_methods(["GET", "POST"])
@login_required
def reliability(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """How far each person's answers can be relied on, as it was last computed."""
    return _report(request, workspace, uid, ReportKind.RELIABILITY)


@require_http_methods(["GET", "POST"])
@login_required
def leaderboard(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Which model people prefer, as it was last computed."""
    return _report(request, workspace, uid, ReportKind.LEADERBOARD)


@require_http_methods(["GET", "POST"])
@login_required
def bias(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What judgments hang on beside the answers, as it was last computed."""
    return _report(request, workspace, uid, ReportKind.BIAS)


@require_http_methods(["GET", "POST"])
@login_required
def consistency(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """How steady each person is, as it was last computed, some at a time."""
    return _report(request, workspace, uid, ReportKind.CONSISTENCY)


def people_after(people: list[dict[str, Any]], after: str) -> dict[str, object]:  # Any: JSON
    """PEOPLE of them, behind the member `after` names; one that names none gives the first."""
    at = next((nth + 1 for nth, each in enumerate(people) if each["member"] == after), 0)
    shown = people[at : at + PEOPLE]
    more = len(people) > at + PEOPLE
    return {"people": shown, "following": shown[-1]["member"] if more else ""}


def _report(request: Request, workspace: str, uid: UUID, kind: ReportKind) -> HttpResponse:
    """A POST computes it anew, or all reports with `all`; htmx asks every two seconds for the live part
    until that is done.
    """
    member = access_member(request.user, workspace, to="build")
    campaign = access_campaign(member, uid)
    if request.method == "POST":
        if "all" in request.POST:
            start_reports(campaign=campaign, by=member)
        else:
            start_report(campaign=campaign, kind=kind, by=member)
        return redirect(f"reports:{kind}", workspace, uid)
    template = f"reports/{kind}.html" + ("#live" if request.htmx else "")
    context = report_context(member, campaign, kind)
    report = context["report"]
    if kind == ReportKind.CONSISTENCY and isinstance(report, Report):
        context |= people_after(report.body["people"], request.GET.get("after", ""))
    return render(request, template, context)


def report_context(member: Member, campaign: Campaign, kind: ReportKind) -> dict[str, object]:
    """The newest report that is made, and the job of a newer one."""
    reports = campaign.reports.filter(kind=kind).select_related("job")
    newest = reports.defer("body").first()
    return _context(member) | {
        "campaign": campaign,
        "url": reverse(f"reports:{kind}", args=[campaign.workspace.slug, campaign.uid]),
        "leads": member.has(*ROLES_FOR["lead"]),
        "csv": reverse(f"reports:{kind}_csv", args=[campaign.workspace.slug, campaign.uid]),
        "report": reports.exclude(made_at=None).first(),
        "job": None if newest is None or newest.made_at else newest.job,
    }


@require_GET
@login_required
def export_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The live part alone for htmx, which asks every two seconds until the file is written."""
    member = access_member(request.user, workspace, to="build")
    export = access_export(member, uid)
    context = _context(member) | {"export": export, "campaign": export.campaign, "job": export.job}
    template = "reports/export_detail.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


@never_cache
@require_POST
@login_required
def export_download(request: Request, workspace: str, uid: UUID) -> FileResponse:
    """The file as an attachment: nothing that people wrote is shown as a page."""
    member = access_member(request.user, workspace, to="build")
    export = access_export(member, uid)
    return attachment(open_export(export=export, by=member), export.filename)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
