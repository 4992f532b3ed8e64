from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.labelling.choices import FunctionKind
from evalhub.labelling.errors import FunctionNameTaken, FunctionRetired, UnfitFunction
from evalhub.labelling.models import LabellingFunction
from evalhub.labelling.parameters import ModelScore, parameters_of
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.rubrics.models import Criterion

MOST_FUNCTIONS = 50  # active ones of a criterion


@transaction.atomic
def add_function(
    *,
    criterion: Criterion,
    name: str,
    value: int,
    kind: FunctionKind,
    parameters: dict[str, Any],  # JSON
    by: Member,
) -> LabellingFunction:
    """Register a function. A name that was retired goes on with its next version.

    Raises:
        UnfitFunction: its parameters, pattern or value do not fit, or there are 50 already.
        FunctionNameTaken: an active one of the criterion is called so.
    """
    _check(criterion, name, value, kind, parameters)
    functions = LabellingFunction.objects.of(criterion)
    if functions.active().count() >= MOST_FUNCTIONS:
        told = f"A criterion has {MOST_FUNCTIONS} functions at most; retire one first."
        raise UnfitFunction(told)
    function = _made(criterion, name, value, kind, parameters, by)
    _record("labelling_function.added", function, by)
    return function


@transaction.atomic
def change_function(
    *,
    function: LabellingFunction,
    value: int,
    parameters: dict[str, Any],  # JSON
    by: Member,
) -> LabellingFunction:
    """The next version of a function, which retires this one.

    Raises:
        UnfitFunction: its parameters, pattern or value do not fit.
        FunctionRetired: it is no active version.
    """
    kind = FunctionKind(function.kind)
    _check(function.criterion, function.name, value, kind, parameters)
    _retire(function)
    made = _made(function.criterion, function.name, value, kind, parameters, by)
    _record("labelling_function.changed", made, by)
    return made


@transaction.atomic
def retire_function(*, function: LabellingFunction, by: Member) -> LabellingFunction:
    """It votes no more; what it voted in runs so far stays.

    Raises:
        FunctionRetired: it is no active version.
    """
    _retire(function)
    function.refresh_from_db()
    _record("labelling_function.retired", function, by)
    return function


def _check(
    criterion: Criterion, name: str, value: int, kind: FunctionKind, parameters: dict[str, Any]
) -> None:
    if not name.strip() or len(name) > 100:
        raise UnfitFunction("A function has a name of 100 characters at most.", field="name")
    if not criterion.has_points or value not in criterion.points:
        told = f"{criterion} takes values from {criterion.low} to {criterion.high}."
        raise UnfitFunction(told, field="value")
    given = parameters_of(kind, parameters)
    rewards = LanguageModel.objects.of_workspace(criterion.version.rubric.workspace)
    if isinstance(given, ModelScore) and not rewards.filter(kind=ModelKind.REWARD, uid=given.model):
        raise UnfitFunction("There is no such reward model in this workspace.", field="model")


def _made(
    criterion: Criterion,
    name: str,
    value: int,
    kind: FunctionKind,
    parameters: dict[str, Any],
    by: Member,
) -> LabellingFunction:
    versions = LabellingFunction.objects.of(criterion).filter(name=name)
    number = (versions.aggregate(newest=Max("number"))["newest"] or 0) + 1
    try:
        with transaction.atomic():
            return LabellingFunction.objects.create(
                workspace=by.workspace,
                criterion=criterion,
                name=name,
                number=number,
                value=value,
                kind=kind,
                parameters=parameters,
                created_by=by,
            )
    except IntegrityError as error:
        told = "A function of this criterion is called so already."
        raise FunctionNameTaken(told, field="name") from error


def _retire(function: LabellingFunction) -> None:
    mine = LabellingFunction.objects.active().filter(pk=function.pk)
    if not mine.update(retired_at=timezone.now()):
        raise FunctionRetired("This version was changed or retired; look at the list.")


def _record(verb: str, function: LabellingFunction, by: Member) -> None:
    record(
        verb,
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"labelling function {function.uid}",
        name=function.name,
        number=function.number,
        criterion=function.criterion.slug,
        value=function.value,
        kind=function.kind,
        parameters=function.parameters,
    )
