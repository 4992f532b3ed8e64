"""Editing a version before it is published. Each write holds the version's row and finds it a draft."""

from __future__ import annotations

from typing import Unpack

from django.db import IntegrityError, transaction

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.errors import Conflict
from evalhub.rubrics.errors import RubricFrozen, UnfitRubric
from evalhub.rubrics.fitness import check_condition
from evalhub.rubrics.models import Criterion, RubricVersion
from evalhub.rubrics.naming import Named
from evalhub.rubrics.wording import Wording, slug_for, write

MOST_CRITERIA = 20


@transaction.atomic
def set_guidelines(
    *,
    version: RubricVersion,
    guidelines: str,
    error_types: list[Named] | None = None,
    severities: list[Named] | None = None,
    by: Member,
) -> RubricVersion:
    """Write what stands beside the criteria; None leaves the names for marked passages as they are.

    Raise RubricFrozen once the version is published.
    """
    draft = draft_of(version)
    draft.guidelines = guidelines
    draft.error_types = draft.error_types if error_types is None else error_types
    draft.severities = draft.severities if severities is None else severities
    draft.save(update_fields=["guidelines", "error_types", "severities"])
    _record("rubric.guidelines_set", draft, by)
    return draft


def add_criterion(*, version: RubricVersion, by: Member, **wording: Unpack[Wording]) -> Criterion:
    """Add a question at the end; its scale has a point, its choice an option for each anchor.

    Raises:
        RubricFrozen: the version is published.
        UnfitRubric: the words do not fit the kind (see `write`), or it hangs on what is not there.
        Conflict: the version has a criterion of this name.
    """
    criterion = Criterion(version=version)
    write(criterion, wording)
    with transaction.atomic():
        draft = draft_of(version)
        others = list(draft.criteria.order_by("position", "pk"))
        if len(others) >= MOST_CRITERIA:
            raise UnfitRubric(f"A rubric takes {MOST_CRITERIA} criteria at most.")
        criterion.position = others[-1].position + 1 if others else 0
        criterion.slug = slug_for(wording["name"], criterion.position)
        check_condition(criterion, earlier=others)
        _save(criterion)
        _record("rubric.criterion_added", draft, by, criterion=criterion.slug)
    return criterion


@transaction.atomic
def edit_criterion(*, criterion: Criterion, by: Member, **wording: Unpack[Wording]) -> Criterion:
    """Raise as add_criterion does. The slug stays: it is the criterion's name across versions."""
    draft = draft_of(criterion.version)
    write(criterion, wording)
    check_condition(criterion, earlier=earlier_than(criterion))
    _save(criterion)
    _record("rubric.criterion_edited", draft, by, criterion=criterion.slug)
    return criterion


@transaction.atomic
def move_criterion(*, criterion: Criterion, by: Member, up: bool) -> None:
    """Change places with the neighbour above or below; the outermost stays where it is."""
    draft = draft_of(criterion.version)
    order = list(draft.criteria.order_by("position", "pk"))
    place = order.index(criterion)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(order):
        return
    order[place], order[other] = order[other], order[place]
    for position, each in enumerate(order):
        each.position = position
    Criterion.objects.bulk_update(order, ["position"])
    _record("rubric.criterion_moved", draft, by, criterion=criterion.slug)


def earlier_than(criterion: Criterion) -> list[Criterion]:
    """What is asked before it, in order."""
    rows = criterion.version.criteria.order_by("position", "pk")
    return list(rows.filter(position__lt=criterion.position))


@transaction.atomic
def remove_criterion(*, criterion: Criterion, by: Member) -> None:
    """Raise RubricFrozen once the version is published."""
    draft = draft_of(criterion.version)
    _record("rubric.criterion_removed", draft, by, criterion=criterion.slug)
    criterion.delete()


def draft_of(version: RubricVersion) -> RubricVersion:
    """The version's row, locked, so that nobody publishes it meanwhile."""
    found = (
        RubricVersion.objects.select_for_update(of=("self",))
        .select_related("rubric__workspace")
        .get(pk=version.pk)
    )
    if found.is_frozen:
        raise RubricFrozen(f"{found} is published; make a new version to change it.")
    return found


def _save(criterion: Criterion) -> None:
    criterion.clean_fields()
    try:
        with transaction.atomic():
            criterion.save()
    except IntegrityError as error:
        raise Conflict(
            f"This version has a criterion “{criterion.name}” already; choose another name."
        ) from error


def _record(verb: str, version: RubricVersion, by: Member, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym,
        workspace=version.rubric.workspace.slug,
        target=f"rubric version {version.uid}",
        **details,
    )
