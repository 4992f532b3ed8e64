"""Editing a version before it is published. Each write holds the version's row and finds it a draft."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.text import slugify

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.errors import Conflict
from evalhub.rubrics.errors import RubricFrozen, UnfitRubric
from evalhub.rubrics.models import Criterion, RubricVersion, ScaleKind
from evalhub.rubrics.naming import Named

LEAST_POINTS, MOST_POINTS, MOST_CRITERIA = 2, 10, 20


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
    draft = _draft(version)
    draft.guidelines = guidelines
    draft.error_types = draft.error_types if error_types is None else error_types
    draft.severities = draft.severities if severities is None else severities
    draft.save(update_fields=["guidelines", "error_types", "severities"])
    _record("rubric.guidelines_set", draft, by)
    return draft


def add_criterion(
    *,
    version: RubricVersion,
    name: str,
    question: str,
    anchors: Sequence[str],
    kind: str = ScaleKind.SCALE.value,
    low: int = 1,
    required: bool = True,
    cannot_tell: bool = True,
    asks_comment: bool = False,
    by: Member,
) -> Criterion:
    """Add a question at the end; its scale has a point, its choice an option for each anchor.

    Raises:
        RubricFrozen: the version is published.
        UnfitRubric: fewer than 2 or more than 10 points; yes or no takes no words, or two lines.
        Conflict: the version has a criterion of this name.
    """
    criterion = Criterion(
        version=version,
        slug=slugify(name)[:50],
        name=name,
        question=question,
        required=required,
        cannot_tell=cannot_tell,
        asks_comment=asks_comment,
    )
    _set_scale(criterion, kind, low, anchors)
    with transaction.atomic():
        draft = _draft(version)
        last = draft.criteria.aggregate(last=Max("position"))["last"]
        if draft.criteria.count() >= MOST_CRITERIA:
            raise UnfitRubric(f"A rubric takes {MOST_CRITERIA} criteria at most.")
        criterion.position = 0 if last is None else last + 1
        _save(criterion)
        _record("rubric.criterion_added", draft, by, criterion=criterion.slug)
    return criterion


@transaction.atomic
def edit_criterion(
    *,
    criterion: Criterion,
    name: str,
    question: str,
    anchors: Sequence[str],
    kind: str = ScaleKind.SCALE.value,
    low: int,
    required: bool,
    cannot_tell: bool,
    asks_comment: bool = False,
    by: Member,
) -> Criterion:
    """Raise as add_criterion does. The slug stays: it is the criterion's name across versions."""
    draft = _draft(criterion.version)
    criterion.name, criterion.question = name, question
    criterion.required, criterion.cannot_tell = required, cannot_tell
    criterion.asks_comment = asks_comment
    _set_scale(criterion, kind, low, anchors)
    _save(criterion)
    _record("rubric.criterion_edited", draft, by, criterion=criterion.slug)
    return criterion


@transaction.atomic
def remove_criterion(*, criterion: Criterion, by: Member) -> None:
    """Raise RubricFrozen once the version is published."""
    draft = _draft(criterion.version)
    _record("rubric.criterion_removed", draft, by, criterion=criterion.slug)
    criterion.delete()


def _draft(version: RubricVersion) -> RubricVersion:
    """The version's row, locked, so that nobody publishes it meanwhile."""
    found = (
        RubricVersion.objects.select_for_update(of=("self",))
        .select_related("rubric__workspace")
        .get(pk=version.pk)
    )
    if found.is_frozen:
        raise RubricFrozen(f"{found} is published; make a new version to change it.")
    return found


def _set_scale(criterion: Criterion, kind: str, low: int, anchors: Sequence[str]) -> None:
    criterion.kind = ScaleKind(kind).value
    if criterion.kind == ScaleKind.YES_NO:
        if len(anchors) not in (0, 2):
            raise UnfitRubric("Yes or no takes no words, or two lines: what no means, then yes.")
        low, anchors = 0, anchors or ("", "")
    elif not LEAST_POINTS <= len(anchors) <= MOST_POINTS:
        raise UnfitRubric(f"It takes {LEAST_POINTS} to {MOST_POINTS} points, one line each.")
    elif criterion.kind == ScaleKind.CHOICE:
        low = 1
    criterion.low, criterion.high = low, low + len(anchors) - 1
    criterion.anchors = {str(low + i): text for i, text in enumerate(anchors)}


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
