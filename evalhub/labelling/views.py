"""Labelling functions for the leads: what they vote, how good they are, and what they propose."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.campaigns.access import access_campaign
from evalhub.common.errors import DomainError, NotFound
from evalhub.judgments.errors import InvalidJudgment
from evalhub.labelling.access import (
    access_campaign_of,
    access_criterion_of,
    access_function,
    criteria_for,
)
from evalhub.labelling.choices import FunctionKind
from evalhub.labelling.forms import FORMS, written_in
from evalhub.labelling.models import LabellingFunction
from evalhub.labelling.places import (
    Place,
    blame,
    carry,
    show_form,
    show_new,
    show_trial,
    value_asked,
)
from evalhub.labelling.queries import (
    confirmed,
    functions_before,
    newest_run,
    overview_of,
    proposals_after,
    with_voters,
)
from evalhub.labelling.services.functions import change_function, retire_function
from evalhub.labelling.services.proposals import confirm_proposals, reject_proposals
from evalhub.labelling.services.runs import start_labelling
from evalhub.prompts.access import access_collection


@require_GET
@login_required
def overview(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A criterion's functions with what the newest run says of them."""
    place = _place(request, workspace, uid)
    campaign = place.of_campaign
    latest = campaign.labelling_runs.filter(criterion=place.criterion)
    newest = latest.select_related("job").first()
    context = place.context() | {
        "overview": overview_of(place.criterion, newest_run(campaign, place.criterion)),
        "before": functions_before(place.criterion),
        "criteria": criteria_for(campaign),
        "job": newest.job if newest else None,
        "kinds": FunctionKind.choices,
        "decided": confirmed(campaign, place.criterion),
    }
    template = "labelling/overview.html"
    return render(request, f"{template}#live" if request.htmx else template, context)


@require_POST
@login_required
def run(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    place = _place(request, workspace, uid)
    try:
        start_labelling(campaign=place.of_campaign, criterion=place.criterion, by=place.member)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(place.url("overview"))


@require_http_methods(["GET", "POST"])
@login_required
def function_new(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    return show_new(request, _place(request, workspace, uid))


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
            blame(form, error)
        else:
            messages.success(request, "Changed. Run the functions to see what they say now.")
            return redirect(place.url("overview"))
    return show_form(request, place, kind, form, function=row)


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
    return show_trial(request, _place(request, workspace, uid))


@require_POST
@login_required
def functions_carry(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    return carry(request, _place(request, workspace, uid))


@require_http_methods(["GET", "POST"])
@login_required
def proposals(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What the functions propose, the surest first, to confirm or reject in bulk."""
    place = _place(request, workspace, uid)
    newest = newest_run(place.of_campaign, place.criterion)
    if request.method == "POST" and newest is not None:
        return _decide(request, place)
    after, chosen = request.GET.get("after", ""), value_asked(request, place.criterion)
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
        "decided": confirmed(place.of_campaign, place.criterion),
    }
    return render(request, "labelling/proposals.html", context)


def _decide(request: Request, place: Place) -> HttpResponse:
    newest = newest_run(place.of_campaign, place.criterion)
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


def _place(request: Request, workspace: str, uid: UUID) -> Place:
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    criterion = access_criterion_of(campaign, request.GET.get("criterion", ""))
    return Place(member, criterion, campaign=campaign)


def _place_of(request: Request, workspace: str, uid: UUID) -> tuple[Place, LabellingFunction]:
    """A function, and the campaign or the collection from which one came to it."""
    member = access_member(request.user, workspace, to="lead")
    function = access_function(member, uid)
    if slug := request.GET.get("collection"):
        collection = access_collection(member, slug)
        return Place(member, function.criterion, collection=collection), function
    campaign = access_campaign_of(member, function, request.GET.get("campaign", ""))
    return Place(member, function.criterion, campaign=campaign), function


def _uids(request: Request) -> list[UUID]:
    try:
        return [UUID(value) for value in request.POST.getlist("rows")]
    except ValueError as error:
        raise NotFound("One of these tasks is not there.") from error
