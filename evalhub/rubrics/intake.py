"""Documents into drafts: a rubric from a file or a shipped template, or more criteria for one."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.errors import Conflict
from evalhub.rubrics.document import CriterionPart, Document, Named, wording_of
from evalhub.rubrics.drafts import MOST_CRITERIA, draft_of, set_guidelines
from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.fitness import check_condition
from evalhub.rubrics.models import Criterion, Rubric, RubricVersion
from evalhub.rubrics.naming import Named as Kept
from evalhub.rubrics.naming import lines_of, named_from
from evalhub.rubrics.services import create_rubric, new_version
from evalhub.rubrics.wording import slug_for, write


@transaction.atomic
def rubric_from(
    *, document: Document, workspace: Workspace, slug: str, name: str, by: Member
) -> RubricVersion:
    """A new rubric whose version 1 is a draft of what the document says.

    Raises:
        Conflict: the workspace has a rubric of that slug.
        UnfitRubric: the criteria cannot be asked; names the field and the remedy.
    """
    version = create_rubric(workspace=workspace, slug=slug, name=name, by=by)
    return _filled(version, document, by)


@transaction.atomic
def version_from(*, document: Document, rubric: Rubric, by: Member) -> RubricVersion:
    """The rubric's next version, a draft of what the document says and of nothing before.

    Raises:
        Conflict: there is a draft already; edit or publish that one.
        UnfitRubric: the criteria cannot be asked; names the field and the remedy.
    """
    version = new_version(rubric=rubric, by=by)
    version.criteria.all().delete()
    return _filled(version, document, by)


def _filled(version: RubricVersion, document: Document, by: Member) -> RubricVersion:
    filled = set_guidelines(
        version=version,
        guidelines=document.guidelines,
        error_types=_kept(document.error_types, "error_types"),
        severities=_kept(document.severities, "severities"),
        by=by,
    )
    add_criteria(version=filled, document=document, by=by)
    return filled


@transaction.atomic
def add_criteria(*, version: RubricVersion, document: Document, by: Member) -> None:
    """Add the document's criteria at the end of a draft; its guidelines and names are left.

    Raises:
        RubricFrozen: the version is published.
        Conflict: the draft has a criterion of that short name already.
        UnfitRubric: they cannot be asked, or are too many; names the field and the remedy.
    """
    draft = draft_of(version)
    known = list(draft.criteria.order_by("position", "pk"))
    if len(known) + len(document.criteria) > MOST_CRITERIA:
        raise UnfitRubric(
            f"criteria: a rubric takes {MOST_CRITERIA} at most; this would make "
            f"{len(known) + len(document.criteria)}.",
            field="criteria",
        )
    start = known[-1].position + 1 if known else 0
    for nth, part in enumerate(document.criteria):
        known.append(_made(part, draft, known, start + nth, f"criteria[{nth}]"))
    record(
        "rubric.criteria_taken_in",
        actor=by.pseudonym,
        workspace=draft.rubric.workspace.slug,
        target=f"rubric version {draft.uid}",
        criteria=len(document.criteria),
        document=document.name,
    )


def _made(
    part: CriterionPart, draft: RubricVersion, known: list[Criterion], position: int, place: str
) -> Criterion:
    slug = part.slug or slug_for(part.name, position)
    if any(each.slug == slug for each in known):
        raise Conflict(f"{place}.slug: there is a criterion “{slug}” already; take another slug.")
    criterion = Criterion(version=draft, slug=slug, position=position)
    wording = wording_of(part, place)
    try:
        write(criterion, wording)
        check_condition(criterion, earlier=known)
        criterion.clean_fields()
    except UnfitRubric as error:
        raise UnfitRubric(f"{place}: {error}", field=place) from error
    except ValidationError as error:
        told = " ".join(error.messages)
        raise UnfitRubric(f"{place}: {told}", field=place) from error
    criterion.save()
    return criterion


def _kept(rows: list[Named], place: str) -> list[Kept]:
    told = [
        {
            "name": " ".join(each.name.replace(":", " ").split()),
            "description": " ".join(each.description.split()),
        }
        for each in rows
    ]
    try:
        return named_from(lines_of(told))
    except UnfitRubric as error:
        raise UnfitRubric(f"{place}: {error}", field=place) from error
