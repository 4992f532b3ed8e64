"""A manager's pages: the people of their groups, and nobody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.forms import LimitsForm
from evalhub.accounts.http import Request
from evalhub.accounts.invitation_links import link_for, only_provider
from evalhub.accounts.models import Member
from evalhub.accounts.services import set_limits
from evalhub.campaigns.services.limits import today_of
from evalhub.common.charts import BarChart, bar_chart
from evalhub.common.paging import newest_first
from evalhub.groups.access import access_person, groups_of, people_of, shared_groups
from evalhub.groups.errors import CannotInvite, NobodyLeft
from evalhub.groups.forms import CampaignsForm, PersonGroupsForm, PersonInviteForm
from evalhub.groups.queries import days_of, flags_of, offered_to, parts_of, rows_for
from evalhub.groups.services import assign_to_campaigns, invite_to_groups, set_groups
from evalhub.judgments.calibration import calibration_of


@require_GET
@login_required
def person_list(request: Request, workspace: str) -> HttpResponse:
    """The newest members first, 50 to a page; `?group=` those of one of the groups."""
    member = access_member(request.user, workspace, to="manage")
    groups = groups_of(member)
    asked = request.GET.get("group", "")
    people = people_of(member).select_related("user")
    if asked in groups:
        people = people.filter(groups__contains=[asked])
    page = newest_first(people, before=request.GET.get("before", ""))
    context = _context(member, "people") | {
        "page": page,
        "rows": rows_for(member, page.rows),
        "groups": groups,
        "asked": asked,
    }
    return render(request, "groups/person_list.html", context)


@require_GET
@login_required
def person(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="manage")
    return _person(request, member, access_person(member, uid))


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def person_invite(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="manage")
    form = PersonInviteForm(request.POST or None, groups=groups_of(member))
    if form.is_valid():
        try:
            invited = invite_to_groups(by=member, **form.cleaned_data)
        except CannotInvite as error:
            form.add_error("username", str(error))
        else:
            context = _context(member, "people") | {
                "invited": invited.member,
                "mailed_to": invited.mailed_to,
                "link": link_for(request, invited),
                "by_provider": only_provider(),
            }
            return render(request, "groups/person_invited.html", context)
    context = _context(member, "people") | {"form": form, "groups": groups_of(member)}
    status = 422 if form.errors else 200
    return render(request, "groups/person_invite.html", context, status=status)


@require_POST
@login_required
def person_groups(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="manage")
    found = access_person(member, uid)
    form = PersonGroupsForm(request.POST, groups=groups_of(member))
    if not form.is_valid():
        return _person(request, member, found, groups=form)
    changed = set_groups(person=found, groups=form.cleaned_data["groups"], by=member)
    if people_of(member).filter(pk=changed.pk).exists():
        messages.success(request, _("Saved; it counts from the next task on."))
        return redirect("groups:person", workspace, uid)
    messages.success(request, _("%(name)s is in none of your groups any more.") % {"name": found})
    return redirect("groups:people", workspace)


@require_POST
@login_required
def person_limits(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="manage")
    found = access_person(member, uid)
    form = LimitsForm(request.POST)
    if not form.is_valid():
        return _person(request, member, found, limits=form)
    set_limits(member=found, by=member, **form.cleaned_data)
    messages.success(request, _("Saved; it counts from the next task on."))
    return redirect("groups:person", workspace, uid)


@require_POST
@login_required
def person_campaigns(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="manage")
    found = access_person(member, uid)
    offers = offered_to(member, found)
    form = CampaignsForm(request.POST, offers=offers)
    if not form.is_valid():
        return _person(request, member, found, campaigns=form)
    chosen = set(form.cleaned_data["campaigns"])
    named = [each.campaign for each in offers if str(each.campaign.uid) in chosen]
    try:
        assign_to_campaigns(person=found, campaigns=named, by=member)
    except NobodyLeft as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Saved; it counts from the next task on."))
    return redirect("groups:person", workspace, uid)


@require_GET
@login_required
def flag_list(request: Request, workspace: str) -> HttpResponse:
    """What they flagged and asked; leads answer."""
    member = access_member(request.user, workspace, to="manage")
    page = newest_first(flags_of(people_of(member)), before=request.GET.get("before", ""))
    return render(request, "groups/flag_list.html", _context(member, "flags") | {"page": page})


def _person(
    request: Request,
    member: Member,
    person: Member,
    **tried: Any,  # forms that have a fault
) -> HttpResponse:
    groups, offers = shared_groups(member, person), offered_to(member, person)
    limits = {"most_tasks": person.most_tasks, "most_minutes": person.most_minutes}
    context = _context(member, "people") | {
        "person": person,
        "groups": groups,
        "row": rows_for(member, [person])[0],
        "today": today_of(person),
        "chart": _chart_of(person),
        "parts": parts_of(person),
        "calibration": calibration_of(person),
        "offers": offers,
        "groups_form": PersonGroupsForm(groups=groups_of(member), initial={"groups": groups}),
        "limits_form": LimitsForm(initial=limits),
        "campaigns_form": CampaignsForm(offers=offers),
    }
    context |= {f"{name}_form": form for name, form in tried.items()}
    return render(request, "groups/person.html", context, status=422 if tried else 200)


def _chart_of(person: Member) -> BarChart | None:
    days = days_of(person)
    if not any(day.judged for day in days):
        return None
    return bar_chart(
        _("Judgments by day"),
        [(date_format(day.begin, "MONTH_DAY_FORMAT"), day.judged) for day in days],
    )


def _context(member: Member, tab: str) -> dict[str, Any]:
    return {"member": member, "workspace": member.workspace, "tab": tab}
