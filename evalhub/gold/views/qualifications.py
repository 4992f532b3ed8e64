"""Qualifications: the set of a campaign for its leads, and what somebody may try or has passed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign
from evalhub.common.paging import newest_first
from evalhub.gold.access import access_attempt, access_own_attempt, access_qualification
from evalhub.gold.choices import AttemptState
from evalhub.gold.errors import NoAttempt, UnfitQualification
from evalhub.gold.forms import QualificationForm, TakeAwayForm
from evalhub.gold.models import Attempt, Qualification
from evalhub.gold.queries import gold_of
from evalhub.gold.services.qualifications import (
    end_attempt,
    set_qualification,
    start_attempt,
    take_away,
)
from evalhub.gold.sets import standings_of
from evalhub.judgments.tabs import tabs_for


@require_http_methods(["GET", "POST"])
@login_required
def qualification(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The campaign's gold as a set to be passed, and who tried."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    known = Qualification.objects.filter(campaign=campaign).first()
    names = ("word", "pass_mark", "retry_days")
    initial = {name: getattr(known, name) for name in names} if known else None
    form = QualificationForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            set_qualification(campaign=campaign, by=member, **form.cleaned_data)
        except UnfitQualification as error:
            form.add_error("word", str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("gold:qualification", workspace, uid)
    attempts = Attempt.objects.filter(qualification__campaign=campaign).select_related("member")
    context = _around(member) | {
        "campaign": campaign,
        "known": known,
        "golds": gold_of(campaign).count(),
        "form": form,
        "page": newest_first(attempts, before=request.GET.get("before", "")),
    }
    status = 422 if form.errors else 200
    return render(request, "gold/qualification.html", context, status=status)


@require_http_methods(["GET", "POST"])
@login_required
def attempt_take_away(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A lead's yes, with a reason: nobody else and nothing else takes a qualification away."""
    member = access_member(request.user, workspace, to="lead")
    attempt = access_attempt(member, uid)
    form = TakeAwayForm(request.POST or None)
    if form.is_valid():
        take_away(attempt=attempt, reason=form.cleaned_data["reason"], by=member)
        messages.success(request, _("Taken away; the person is told."))
        return redirect("gold:qualification", workspace, attempt.qualification.campaign.uid)
    context = _around(member) | {"attempt": attempt, "form": form}
    context["campaign"] = attempt.qualification.campaign
    status = 422 if form.errors else 200
    return render(request, "gold/take_away.html", context, status=status)


@require_GET
@login_required
def qualifications(request: Request, workspace: str) -> HttpResponse:
    """What one may try for, and how one stands."""
    member = access_member(request.user, workspace, to="judge")
    context = _around(member) | {"state": "qualifications", "tabs": tabs_for(member)}
    context["rows"] = standings_of(member)
    return render(request, "gold/qualifications.html", context)


@require_GET
@login_required
def attempt(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """One's own attempt; once it is over, which of its tasks one passed, and appeals."""
    member = access_member(request.user, workspace, to="judge")
    mine = access_own_attempt(member, uid)
    parts = mine.tasks.select_related(
        "attempt", "task__prompt", "gold__expert_answer", "appeal"
    ).order_by("pk")
    context = _around(member) | {"attempt": mine, "state": "qualifications"}
    context["parts"] = [] if mine.state == AttemptState.UNDER_WAY else parts
    return render(request, "gold/attempt.html", context)


@require_POST
@login_required
def attempt_start(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="judge")
    wanted = access_qualification(member, uid)
    try:
        start_attempt(qualification=wanted, by=member)
    except NoAttempt as error:
        messages.warning(request, str(error))
        return redirect("gold:qualifications", workspace)
    return redirect("judgments:judge", workspace, wanted.campaign.uid)


@require_POST
@login_required
def attempt_end(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="judge")
    attempt = access_own_attempt(member, uid)
    try:
        end_attempt(attempt=attempt, by=member)
    except NoAttempt as error:
        messages.warning(request, str(error))
    return redirect("gold:qualifications", workspace)


def _around(member: Member) -> dict[str, Any]:
    return {"member": member, "workspace": member.workspace}
