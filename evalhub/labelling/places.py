"""Where a lead works on functions, a campaign or a collection, and what both their pages show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import DomainError, NotFound
from evalhub.labelling.choices import FunctionKind
from evalhub.labelling.errors import UnfitFunction
from evalhub.labelling.forms import FORMS, FunctionForm
from evalhub.labelling.grounds import Ground, Trial, prompts_of, tasks_of, trial_of
from evalhub.labelling.models import LabellingFunction
from evalhub.labelling.parameters import parameters_of
from evalhub.labelling.services.carrying import CarriedFunctions, carry_functions
from evalhub.labelling.services.functions import add_function
from evalhub.prompts.models import Collection
from evalhub.rubrics.models import Criterion


@dataclass(frozen=True)
class Place:
    """Either on a campaign or on a collection."""

    member: Member
    criterion: Criterion
    campaign: Campaign | None = None
    collection: Collection | None = None

    @property
    def ground(self) -> Ground:
        if self.collection is not None:
            return prompts_of(self.collection)
        return tasks_of(self.of_campaign)

    @property
    def of_campaign(self) -> Campaign:
        if self.campaign is None:
            raise ValueError("this place is no campaign")
        return self.campaign

    @property
    def of_collection(self) -> Collection:
        if self.collection is None:
            raise ValueError("this place is no collection")
        return self.collection

    @property
    def title(self) -> str:
        return self.of_collection.name if self.collection else self.of_campaign.title

    @property
    def named(self) -> str:
        """The criterion as this place's addresses name it."""
        return str(self.criterion.uid) if self.collection else self.criterion.slug

    @property
    def origin(self) -> str:
        """For the address of a function's page: whence one came."""
        if self.collection is not None:
            return urlencode({"collection": self.collection.slug})
        return urlencode({"campaign": str(self.of_campaign.uid)})

    def url(self, name: str) -> str:
        workspace, query = self.member.workspace.slug, urlencode({"criterion": self.named})
        if self.collection is not None:
            path = reverse(f"labelling:collection_{name}", args=[workspace, self.collection.slug])
        else:
            path = reverse(f"labelling:{name}", args=[workspace, self.of_campaign.uid])
        return f"{path}?{query}"

    @property
    def urls(self) -> dict[str, str]:
        return {name: self.url(name) for name in _PAGES}

    def context(self) -> dict[str, Any]:
        return {
            "member": self.member,
            "workspace": self.member.workspace,
            "place": self,
            "criterion": self.criterion,
        }


_PAGES = ("overview", "run", "function_new", "function_try", "proposals", "carry")


def show_new(request: Request, place: Place) -> HttpResponse:
    """The form of a new function; what was sent is added."""
    kind = kind_asked(request)
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
            blame(form, error)
        else:
            messages.success(request, "Added. Run the functions to see what they say together.")
            return redirect(place.url("overview"))
    return show_form(request, place, kind, form)


def show_trial(request: Request, place: Place) -> HttpResponse:
    """What a function would vote on, while it is written."""
    kind = kind_asked(request)
    trial, told = _tried(place, kind, FORMS[kind](request.POST, criterion=place.criterion))
    return render(request, "labelling/_trial.html", {"trial": trial, "told": told})


def show_form(
    request: Request,
    place: Place,
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


def carry(request: Request, place: Place) -> HttpResponse:
    """Take over the functions of the version before, and say what stays behind and why."""
    found: CarriedFunctions = carry_functions(criterion=place.criterion, by=place.member)
    messages.success(request, f"{len(found.made)} carried over.")
    for each in found.left:
        messages.warning(request, f"“{each.function.name}” stays behind. {each.why}")
    return redirect(place.url("overview"))


def kind_asked(request: Request) -> FunctionKind:
    try:
        return FunctionKind(request.GET.get("kind", FunctionKind.REGEX.value))
    except ValueError as error:
        raise NotFound("No such kind of function.") from error


def blame(form: FunctionForm, error: DomainError) -> None:
    field = str(error.data.get("field", ""))
    form.add_error(field if field in form.fields else None, str(error))


def value_asked(request: Request, criterion: Criterion) -> int | None:
    """Of `?value=`: one of the criterion's points, or None."""
    value = request.GET.get("value", "")
    return int(value) if value in {str(point) for point in criterion.points} else None


def _tried(place: Place, kind: FunctionKind, form: FunctionForm) -> tuple[Trial | None, str]:
    """What it votes on, or why that cannot be told yet."""
    own = set(form.fields) - {"name", "value"}
    if own & set(form.errors):
        return None, "Fill in the form, and what it would vote on stands here."
    try:
        given = parameters_of(kind, form.parameters())
    except UnfitFunction as error:
        return None, str(error)
    return trial_of(place.ground, given), ""
