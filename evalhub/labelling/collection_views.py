"""Labelling functions on a collection of prompts, before any campaign has them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.labelling.access import access_criterion_on, criteria_on
from evalhub.labelling.choices import FunctionKind
from evalhub.labelling.models import CollectionRun
from evalhub.labelling.places import Place, carry, show_new, show_trial, value_asked
from evalhub.labelling.queries import (
    functions_before,
    newest_run_on,
    overview_of,
    prompts_after,
    with_voters,
)
from evalhub.labelling.services.runs import start_labelling_collection
from evalhub.prompts.access import access_collection


@require_GET
@login_required
def overview(request: Request, workspace: str, slug: str) -> HttpResponse:
    """A criterion's functions with what the newest run says of them."""
    place = _place(request, workspace, slug)
    runs = CollectionRun.objects.filter(collection=place.collection, criterion=place.criterion)
    newest = runs.select_related("job").first()
    ended = newest_run_on(place.of_collection, place.criterion)
    context = place.context() | {
        "overview": overview_of(place.criterion, ended),
        "before": functions_before(place.criterion),
        "questions": criteria_on(place.member.workspace),
        "job": newest.job if newest else None,
        "kinds": FunctionKind.choices,
    }
    template = "labelling/overview.html"
    return render(request, f"{template}#live" if request.htmx else template, context)


@require_POST
@login_required
def run(request: Request, workspace: str, slug: str) -> HttpResponse:
    place = _place(request, workspace, slug)
    try:
        start_labelling_collection(
            collection=place.of_collection, criterion=place.criterion, by=place.member
        )
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(place.url("overview"))


@require_http_methods(["GET", "POST"])
@login_required
def function_new(request: Request, workspace: str, slug: str) -> HttpResponse:
    return show_new(request, _place(request, workspace, slug))


@require_POST
@login_required
def function_try(request: Request, workspace: str, slug: str) -> HttpResponse:
    return show_trial(request, _place(request, workspace, slug))


@require_POST
@login_required
def functions_carry(request: Request, workspace: str, slug: str) -> HttpResponse:
    return carry(request, _place(request, workspace, slug))


@require_GET
@login_required
def proposals(request: Request, workspace: str, slug: str) -> HttpResponse:
    """What the functions propose, the surest first: to look at, for a campaign is to confirm in."""
    place = _place(request, workspace, slug)
    newest = newest_run_on(place.of_collection, place.criterion)
    after, chosen = request.GET.get("after", ""), value_asked(request, place.criterion)
    page = prompts_after(newest, after=after, value=chosen) if newest else None
    context = place.context() | {
        "run": newest,
        "following": page.following if page else None,
        "rows": with_voters(newest, page.rows) if newest and page else [],
        "values": [(point, place.criterion.words_for(point)) for point in place.criterion.points],
        "chosen": chosen,
        "after": after,
    }
    return render(request, "labelling/proposals.html", context)


def _place(request: Request, workspace: str, slug: str) -> Place:
    member = access_member(request.user, workspace, to="lead")
    collection = access_collection(member, slug)
    criterion = access_criterion_on(member, request.GET.get("criterion", ""))
    return Place(member, criterion, collection=collection)
