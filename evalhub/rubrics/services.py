from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.errors import Conflict
from evalhub.rubrics.default import CRITERIA, ERROR_TYPES, GUIDELINES, SEVERITIES
from evalhub.rubrics.errors import RubricFrozen
from evalhub.rubrics.fitness import check_criteria
from evalhub.rubrics.models import Criterion, Rubric, RubricVersion, ScaleKind

DEFAULT_SLUG = "default"
FOUND = """\
These questions came with a file of answers that people gave elsewhere. Nobody wrote down here what the
points mean: before you ask them anew, make a version that says it.
"""


@transaction.atomic
def default_rubric(*, workspace: Workspace, by: Member | None = None) -> RubricVersion:
    """The newest published version of the workspace's rubric `default`; made when missing."""
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two imports: in turn
    found = (
        RubricVersion.objects.filter(
            rubric__workspace=workspace, rubric__slug=DEFAULT_SLUG, published_at__isnull=False
        )
        .select_related("rubric")
        .order_by("-number")
        .first()
    )
    if found:
        return found
    version = create_rubric(workspace=workspace, slug=DEFAULT_SLUG, name="Default", by=by)
    RubricVersion.objects.filter(pk=version.pk).update(
        guidelines=GUIDELINES,
        error_types=[each._asdict() for each in ERROR_TYPES],
        severities=[each._asdict() for each in SEVERITIES],
    )
    Criterion.objects.bulk_create(
        Criterion(
            version=version,
            slug=each.slug,
            name=each.name,
            question=each.question,
            position=position,
            anchors={str(point): text for point, text in enumerate(each.anchors, start=1)},
        )
        for position, each in enumerate(CRITERIA)
    )
    return publish_version(version=version, by=by)


@transaction.atomic
def create_rubric(
    *, workspace: Workspace, slug: str, name: str, by: Member | None = None
) -> RubricVersion:
    """Make a rubric with an empty draft as its version 1.

    Raises:
        Conflict: the workspace has a rubric of that slug.
    """
    if Rubric.objects.filter(workspace=workspace, slug=slug).exists():
        raise Conflict(f"There is a rubric “{slug}” already; make a new version of it instead.")
    rubric = Rubric(workspace=workspace, slug=slug, name=name)
    rubric.clean_fields()
    rubric.save()
    version = RubricVersion.objects.create(rubric=rubric, number=1)
    _record("rubric.created", version, by)
    return version


@transaction.atomic
def new_version(*, rubric: Rubric, by: Member | None = None) -> RubricVersion:
    """Copy the newest version into a draft that can be edited.

    Raises:
        Conflict: there is a draft already; edit or publish that one.
    """
    Rubric.objects.select_for_update().get(pk=rubric.pk)
    latest = rubric.versions.order_by("-number").first()
    if latest is None or not latest.is_frozen:
        raise Conflict(f"{rubric} has an unpublished version already; edit or publish it.")
    version = RubricVersion.objects.create(
        rubric=rubric,
        number=latest.number + 1,
        guidelines=latest.guidelines,
        error_types=latest.error_types,
        severities=latest.severities,
    )
    copies = list(latest.criteria.order_by("position"))
    for copy in copies:
        copy.pk, copy.version = None, version
        copy.uid = Criterion._meta.get_field("uid").get_default()
    Criterion.objects.bulk_create(copies)
    _record("rubric.version_started", version, by)
    return version


@transaction.atomic
def publish_version(*, version: RubricVersion, by: Member | None = None) -> RubricVersion:
    """Freeze a draft so that campaigns can use it.

    Raises:
        RubricFrozen: it was published before.
        UnfitRubric: it asks nothing, a point of a scale has no anchor, or a criterion hangs on an
            answer that cannot be.
    """
    check_criteria(list(version.criteria.order_by("position", "pk")))
    now = timezone.now()
    if not RubricVersion.objects.filter(pk=version.pk, published_at=None).update(published_at=now):
        raise RubricFrozen(f"{version} is published already; make a new version to change it.")
    version.refresh_from_db()
    _record("rubric.published", version, by)
    return version


class AnsweredQuestion(NamedTuple):
    """A question known by its answers only: its scale, or the words that one chose from."""

    slug: str
    kind: str
    low: int
    high: int
    labels: Sequence[str] = ()


@transaction.atomic
def rubric_for_answers(
    *,
    workspace: Workspace,
    slug: str,
    name: str,
    questions: Sequence[AnsweredQuestion],
    marks: Sequence[str] = (),
    by: Member | None = None,
) -> RubricVersion:
    """A published rubric for answers that are there already; nobody wrote its questions.

    So a point is called by its number, and the guidelines say where it comes from.

    Args:
        marks: slugs of what marked passages were called.

    Raises:
        Conflict: the workspace has a rubric of that slug.
    """
    version = create_rubric(workspace=workspace, slug=slug, name=name, by=by)
    told = [{"slug": mark, "name": mark, "description": "As the file calls it."} for mark in marks]
    RubricVersion.objects.filter(pk=version.pk).update(guidelines=FOUND, error_types=told)
    Criterion.objects.bulk_create(
        Criterion(
            version=version,
            slug=each.slug,
            name=each.slug.replace("-", " ").capitalize(),
            question=f"As the file asks: {each.slug}",
            position=position,
            kind=each.kind,
            low=each.low,
            high=each.high,
            anchors=_anchors(each),
        )
        for position, each in enumerate(questions)
    )
    RubricVersion.objects.filter(pk=version.pk).update(published_at=timezone.now())
    version.refresh_from_db()
    _record("rubric.published", version, by)
    return version


def _anchors(question: AnsweredQuestion) -> dict[str, str]:
    if question.kind == ScaleKind.NUMBER:
        return {}
    points = range(question.low, question.high + 1)
    words = dict(zip(points, question.labels, strict=False)) if question.labels else {}
    return {str(point): words.get(point, str(point)) for point in points}


def _record(verb: str, version: RubricVersion, by: Member | None) -> None:
    rubric = version.rubric
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=rubric.workspace.slug,
        target=f"rubric version {version.uid}",
        rubric=rubric.slug,
        number=version.number,
    )
