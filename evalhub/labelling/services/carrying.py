"""Functions go on under the next version of a rubric, by the rules that its answers go by."""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.errors import DomainError
from evalhub.labelling.choices import FunctionKind
from evalhub.labelling.models import LabellingFunction
from evalhub.labelling.queries import functions_before
from evalhub.labelling.services.functions import add_function
from evalhub.rubrics.carried import Carried, carried_over
from evalhub.rubrics.models import Criterion


class Left(NamedTuple):
    """A function that stays behind, and why."""

    function: LabellingFunction
    why: str


class CarriedFunctions(NamedTuple):
    made: list[LabellingFunction]
    left: list[Left]


@transaction.atomic
def carry_functions(*, criterion: Criterion, by: Member) -> CarriedFunctions:
    """Take the active functions of the criterion's version before into this one.

    Where answers are kept a function votes for the same value, where they are mapped for what its value
    becomes; where they are asked again it stays behind. Those of the version before go on as they are.
    """
    Criterion.objects.select_for_update(no_key=True).get(pk=criterion.pk)  # two at once: once
    made, left = [], []
    for function in functions_before(criterion):
        value, why = _value_under(criterion, function)
        if value is None:
            left.append(Left(function, why))
            continue
        try:
            with transaction.atomic():
                made.append(_carried(function, criterion, value, by))
        except DomainError as error:
            left.append(Left(function, str(error)))
    return CarriedFunctions(made, left)


def _value_under(criterion: Criterion, function: LabellingFunction) -> tuple[int | None, str]:
    earlier = function.criterion
    rules = carried_over([earlier.version_id, criterion.version_id], at=timezone.now())
    rule: Carried | None = rules.get(earlier.pk)
    if rule is None:
        return None, "Answers to this question are asked again under the new version."
    value = rule.value(function.value)
    if value is None:
        told = f"No answer becomes of “{earlier.words_for(function.value)}” under the new version."
        return None, told
    return value, ""


def _carried(
    function: LabellingFunction, criterion: Criterion, value: int, by: Member
) -> LabellingFunction:
    made = add_function(
        criterion=criterion,
        name=function.name,
        value=value,
        kind=FunctionKind(function.kind),
        parameters=function.parameters,
        by=by,
    )
    made.carried_from = function
    made.save(update_fields=["carried_from"])
    record(
        "labelling_function.carried",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"labelling function {made.uid}",
        carried_from=str(function.uid),
        value=value,
    )
    return made
