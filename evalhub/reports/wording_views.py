"""A campaign's two wordings: choosing the second, what came of it, and which is kept."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.wordings import keep_wording, try_wordings
from evalhub.common.errors import Conflict
from evalhub.reports.choices import ReportKind
from evalhub.reports.forms import KeepForm, WordingForm
from evalhub.reports.services import start_report, start_reports
from evalhub.reports.views import report_context
from evalhub.rubrics.models import RubricVersion


@require_http_methods(["GET", "POST"])
@login_required
def wordings(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What people said under each wording, as it was last computed; a POST computes it anew."""
    member = access_member(request.user, workspace, to="build")
    campaign = access_campaign(member, uid)
    if request.method == "POST":
        if "all" in request.POST:
            start_reports(campaign=campaign, by=member)
        else:
            start_report(campaign=campaign, kind=ReportKind.WORDINGS, by=member)
        return redirect("reports:wordings", workspace, uid)
    context = report_context(member, campaign, ReportKind.WORDINGS) | {
        "leads": member.has(Role.LEAD),
        "form": WordingForm(campaign=campaign),
        "tried": _tried(campaign),
    }
    template = "reports/wordings.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


@require_POST
@login_required
def wordings_try(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    form = WordingForm(request.POST, campaign=campaign)
    if form.is_valid():
        try:
            try_wordings(campaign=campaign, second=form.cleaned_data["second"], by=member)
        except UnfitCampaign as error:
            form.add_error("second", str(error))
        else:
            messages.success(request, _("Changed."))
            return redirect("reports:wordings", workspace, uid)
    context = report_context(member, campaign, ReportKind.WORDINGS)
    context |= {"leads": True, "form": form, "tried": _tried(campaign)}
    return render(request, "reports/wordings.html", context, status=422)


@require_POST
@login_required
def wordings_keep(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    form = KeepForm(request.POST, tried=_tried(campaign))
    if not form.is_valid():
        raise Conflict(_("This campaign does not try this version."))
    kept = form.cleaned_data["version"]
    keep_wording(campaign=campaign, version=kept, by=member)
    told = _("Everybody is shown %(version)s from now on.") % {"version": kept}
    messages.success(request, told)
    return redirect("reports:wordings", workspace, uid)


def _tried(campaign: Campaign) -> list[RubricVersion]:
    """The two versions, the lower first; none when nothing is tried."""
    second = campaign.second_version
    if second is None:
        return []
    return sorted([campaign.rubric_version, second], key=lambda version: version.number)
