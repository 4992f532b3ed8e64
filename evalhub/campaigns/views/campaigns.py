from __future__ import annotations

from collections.abc import Callable
from secrets import randbelow
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import ROLES_FOR, access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.eligibility import people_for
from evalhub.campaigns.errors import UnfitCampaign, UnfitTask
from evalhub.campaigns.forms import CampaignEditForm, CampaignForm
from evalhub.campaigns.models import Assignment, Campaign, Flag
from evalhub.campaigns.queries import asked_in, progress_of, progress_of_each
from evalhub.campaigns.services.campaigns import (
    close_campaign,
    create_from_selection,
    open_campaign,
    pause_campaign,
    resume_campaign,
)
from evalhub.campaigns.services.changing import change_campaign
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first


@require_GET
@login_required
def campaign_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="watch")
    campaigns = Campaign.objects.of_workspace(member.workspace)
    page = newest_first(campaigns, before=request.GET.get("before", ""))
    progress = progress_of_each(page.rows)
    rows = [(campaign, progress[campaign.pk]) for campaign in page]
    may_edit = member.has(Role.LEAD)
    context = _context(member) | {"page": page, "rows": rows, "may_edit": may_edit}
    return render(request, "campaigns/campaign_list.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def campaign_new(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    form = CampaignForm(request.POST or None, workspace=member.workspace)
    if form.is_valid():
        try:
            drawn = form.selection(seed=randbelow(2**31))
            campaign = create_from_selection(by=member, selection=drawn, **form.settings())
        except (UnfitCampaign, UnfitTask) as error:
            _add_error(form, error)
        else:
            return redirect("campaigns:detail", workspace, campaign.uid)
    status = 422 if form.errors else 200
    return render(
        request, "campaigns/campaign_new.html", _context(member) | {"form": form}, status=status
    )


@require_POST
@login_required
def campaign_size(request: Request, workspace: str) -> HttpResponse:
    """What the form, as it is filled in so far, would make; asked while somebody fills it in."""
    member = access_member(request.user, workspace, to="lead")
    form = CampaignForm(request.POST, workspace=member.workspace)
    form.full_clean()
    missing = [name for name in (*form.SELECTED, "type", "overlap") if name in form.errors]
    size = None if missing else form.selection().size(TaskType(form.cleaned_data["type"]))
    context = {"size": size, "judgments": size and size.tasks * form.cleaned_data["overlap"]}
    return render(request, "campaigns/campaign_new.html#told", context)


@require_http_methods(["GET", "POST"])
@login_required
def campaign_edit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    form = CampaignEditForm(request.POST or None, campaign=campaign)
    if form.is_valid():
        try:
            change_campaign(campaign=campaign, by=member, **form.cleaned_data)
        except UnfitCampaign as error:
            _add_error(form, error)
        else:
            messages.success(request, _("Changed."))
            return redirect("campaigns:detail", workspace, uid)
    context = _context(member) | {"form": form, "campaign": campaign}
    status = 422 if form.errors else 200
    return render(request, "campaigns/campaign_edit.html", context, status=status)


@require_GET
@login_required
def campaign_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The figures alone for htmx, which asks every few seconds while the campaign is open."""
    member = access_member(request.user, workspace, to="watch")
    campaign = access_campaign(member, uid)
    context = _context(member) | {
        "campaign": campaign,
        "progress": progress_of(campaign),
        "asked": asked_in(campaign),
        "people": people_for(campaign).count(),
        "late": Assignment.objects.late().filter(campaign=campaign).count(),
        "open_flags": Flag.objects.open().of_campaign(campaign).count(),
        "leads": member.has(Role.LEAD),
        "judges": member.has(Role.ANNOTATOR),
        "reviews": member.has(*ROLES_FOR["review"]),
        "builds": member.has(*ROLES_FOR["build"]),
    }
    template = "campaigns/campaign_detail.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


@require_POST
@login_required
def campaign_open(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    return _moved(request, workspace, uid, open_campaign, _("“%(title)s” is open."))


@require_POST
@login_required
def campaign_pause(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    return _moved(request, workspace, uid, pause_campaign, _("“%(title)s” is paused."))


@require_POST
@login_required
def campaign_resume(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    return _moved(request, workspace, uid, resume_campaign, _("“%(title)s” is open."))


@require_POST
@login_required
def campaign_close(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    return _moved(request, workspace, uid, close_campaign, _("“%(title)s” is closed."))


def _add_error(form: forms.Form, error: DomainError) -> None:
    """At the field that it names, where the form has it."""
    field = str(error.data.get("field", ""))
    form.add_error(field if field in form.fields else None, str(error))


def _moved(
    request: Request, workspace: str, uid: UUID, service: Callable[..., Campaign], told: str
) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    campaign = service(campaign=access_campaign(member, uid), by=member)
    messages.success(request, told % {"title": campaign.title})
    return redirect("campaigns:detail", workspace, uid)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
