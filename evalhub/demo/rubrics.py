"""The rubric of the demo's label campaign: what somebody wants who asks."""

from __future__ import annotations

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.rubrics.drafts import add_criterion
from evalhub.rubrics.models import RubricVersion, ScaleKind
from evalhub.rubrics.services import create_rubric, publish_version

SLUG = "kinds-of-questions"
KINDS = ("a fact", "a reason", "instructions", "a text to be written", "a chat", "something else")


@transaction.atomic
def kinds_of_questions(*, by: Member) -> RubricVersion:
    """The published version of the rubric; made when missing."""
    known = RubricVersion.objects.filter(rubric__workspace=by.workspace, rubric__slug=SLUG)
    if found := known.order_by("-number").first():
        return found
    version = create_rubric(workspace=by.workspace, slug=SLUG, name="Kinds of questions", by=by)
    add_criterion(
        version=version,
        name="Wanted",
        question="What does the person want?",
        kind=ScaleKind.CHOICE,
        anchors=KINDS,
        by=by,
    )
    add_criterion(
        version=version,
        name="Harmless",
        question="Can it be answered without doing harm?",
        kind=ScaleKind.YES_NO,
        anchors=("Better not to answer.", "Nothing speaks against it."),
        low=0,
        by=by,
    )
    return publish_version(version=version, by=by)
