"""Labelling functions for the leads: what they vote, how good they are, and what they propose."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import DomainError, NotFound
from evalhub.judgments.errors import InvalidJudgment
from evalhub.labelling.access import (
    access_campaign_of,
    access_criterion_of,
    access_function,
    criteria_for,
)
from evalhub.labelling.choices import FunctionKind
from evalhub.labelling.errors import UnfitFunction
from evalhub.labelling.forms import FORMS, FunctionForm, written_in
from evalhub.labelling.models import LabellingFunction
from evalhub.labelling.parameters import parameters_of
from evalhub.labelling.queries import (
    Trial,
    confirmed,
    newest_run,
    overview_of,
    proposals_after,
    trial_of,
    with_voters,
)
from evalhub.labelling.services.functions import add_function, change_function, retire_function
from evalhub.labelling.services.proposals import confirm_proposals, reject_proposals
from evalhub.labelling.services.runs import start_labelling
from evalhub.rubrics.models import Criterion


class _Place(NamedTuple):
    member: Member
    campaign: Campaign
    criterion: Criterion

    def url(self, name: str) -> str:
        args = [self.member.workspace.slug, self.campaign.uid]
        path = reverse(f"labelling:{name}", args=args)
        return f"{path}?{urlencode({'criterion': self.criterion.slug})}"

    def context(self) -> dict[str, Any]:
        return {
            "member": self.member,
            "workspace": self.member.workspace,
            "campaign": self.campaign,
            "criterion": self.criterion,
            "criteria": criteria_for(self.campaign),
        }


@require_GET
@login_required
def overview(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A criterion's functions with what the newest run says of them."""
    place = _place(request, workspace, uid)
    latest = place.campaign.labelling_runs.filter(criterion=place.criterion)
    newest = latest.select_related("job").first()
    context = place.context() | {
        "overview": overview_of(place.campaign, place.criterion),
        "job": newest.job if newest else None,
        "kinds": FunctionKind.choices,
        "decided": confirmed(place.campaign, place.criterion),
    }
    template = "labelling/overview.html"
    return render(request, f"{template}#live" if request.htmx else template, context)


@require_POST
@login_required
def run(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    place = _place(request, workspace, uid)
    try:
        start_labelling(campaign=place.campaign, criterion=place.criterion, by=place.member)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(place.url("overview"))


@require_http_methods(["GET", "POST"])
@login_required
def function_new(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    place, kind = _place(request, workspace, uid), _kind(request)
    form = FORMS[kind](request.POST or None, criterion=place.criterion)
    if form.is_valid():
        try:
            add_function(
                criterion=place.criterion,
                name=form.cleaned_data["name"],
                value=form.cleaned_data["value"],
                kind=kind,
                parameters=form.parameters(),
                by=place.member,
            )
        except DomainError as error:
            _blame(form, error)
        else:
            messages.success(request, "Added. Run the functions to see what they say together.")
            return redirect(place.url("overview"))
    return _form(request, place, kind, form)


@require_http_methods(["GET", "POST"])
@login_required
def function_edit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The next version of a function."""
    place, row = _place_of(request, workspace, uid)
    kind = FunctionKind(row.kind)
    form = FORMS[kind](request.POST or None, criterion=place.criterion, initial=written_in(row))
    form.fields["name"].disabled = True
    if form.is_valid():
        try:
            change_function(
                function=row,
                value=form.cleaned_data["value"],
                parameters=form.parameters(),
                by=place.member,
            )
        except DomainError as error:
            _blame(form, error)
        else:
            messages.success(request, "Changed. Run the functions to see what they say now.")
            return redirect(place.url("overview"))
    return _form(request, place, kind, form, function=row)


@require_POST
@login_required
def function_retire(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    place, row = _place_of(request, workspace, uid)
    try:
        retire_function(function=row, by=place.member)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{row.name}” votes no more.")
    return redirect(place.url("overview"))


@require_POST
@login_required
def function_try(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What a function would vote on, while it is written."""
    place, kind = _place(request, workspace, uid), _kind(request)
    trial, told = _tried(place, kind, FORMS[kind](request.POST, criterion=place.criterion))
    return render(request, "labelling/_trial.html", {"trial": trial, "told": told})


@require_http_methods(["GET", "POST"])
@login_required
def proposals(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What the functions propose, the surest first, to confirm or reject in bulk."""
    place = _place(request, workspace, uid)
    newest = newest_run(place.campaign, place.criterion)
    if request.method == "POST" and newest is not None:
        return _decide(request, place)
    after, value = request.GET.get("after", ""), request.GET.get("value", "")
    chosen = int(value) if value in {str(point) for point in place.criterion.points} else None
    page = None
    if newest is not None:
        page = proposals_after(newest, place.member, after=after, value=chosen)
    names = [(point, place.criterion.words_for(point)) for point in place.criterion.points]
    context = place.context() | {
        "run": newest,
        "following": page.following if page else None,
        "rows": with_voters(newest, page.rows) if newest and page else [],
        "values": names,
        "chosen": chosen,
        "after": after,
        "decided": confirmed(place.campaign, place.criterion),
    }
    return render(request, "labelling/proposals.html", context)


def _decide(request: Request, place: _Place) -> HttpResponse:
    newest = newest_run(place.campaign, place.criterion)
    decide = confirm_proposals if request.POST.get("act") == "confirm" else reject_proposals
    word = "confirmed" if decide is confirm_proposals else "rejected"
    try:
        if newest is None:
            raise NotFound("No such run.")
        done = decide(run=newest, tasks=_uids(request), by=place.member)
    except InvalidJudgment as error:
        told = "This rubric asks for more than one can confirm here; judge such tasks one by one."
        messages.error(request, f"{told} {error}")
    except DomainError as error:
        messages.error(request, str(error))
    else:
        gone = f" {done.gone} were decided or judged by others meanwhile." if done.gone else ""
        messages.success(request, f"{done.done} {word}.{gone}")
    query = {"criterion": place.criterion.slug, "value": request.GET.get("value", "")}
    return redirect(f"{request.path}?{urlencode({k: v for k, v in query.items() if v})}")


def _place(request: Request, workspace: str, uid: UUID) -> _Place:
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    return _Place(member, campaign, access_criterion_of(campaign, request.GET.get("criterion", "")))


def _place_of(request: Request, workspace: str, uid: UUID) -> tuple[_Place, LabellingFunction]:
    """A function, and the campaign from which one came to it."""
    member = access_member(request.user, workspace, to="lead")
    function = access_function(member, uid)
    campaign = access_campaign_of(member, function, request.GET.get("campaign", ""))
    return _Place(member, campaign, function.criterion), function


def _kind(request: Request) -> FunctionKind:
    try:
        return FunctionKind(request.GET.get("kind", FunctionKind.REGEX.value))
    except ValueError as error:
        raise NotFound("No such kind of function.") from error


def _form(
    request: Request,
    place: _Place,
    kind: FunctionKind,
    form: FunctionForm,
    *,
    function: LabellingFunction | None = None,
) -> HttpResponse:
    context = place.context() | {"form": form, "kind": kind, "function": function}
    context["trial"], context["told"] = None, ""
    if form.is_bound or function is not None:
        bound = form if form.is_bound else FORMS[kind](form.initial, criterion=place.criterion)
        context["trial"], context["told"] = _tried(place, kind, bound)
    status = 422 if form.errors else 200
    return render(request, "labelling/function_form.html", context, status=status)


def _tried(place: _Place, kind: FunctionKind, form: FunctionForm) -> tuple[Trial | None, str]:
    """What it votes on, or why that cannot be told yet."""
    own = set(form.fields) - {"name", "value"}
    if own & set(form.errors):
        return None, "Fill in the form, and what it would vote on stands here."
    try:
        given = parameters_of(kind, form.parameters())
    except UnfitFunction as error:
        return None, str(error)
    return trial_of(place.campaign, given), ""


def _blame(form: FunctionForm, error: DomainError) -> None:
    field = str(error.data.get("field", ""))
    form.add_error(field if field in form.fields else None, str(error))


def _uids(request: Request) -> list[UUID]:
    try:
        return [UUID(value) for value in request.POST.getlist("rows")]
    except ValueError as error:
        raise NotFound("One of these tasks is not there.") from error
