from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.campaigns.access import WATCHERS
from evalhub.common.errors import NotFound
from evalhub.judgments.models import Judgment, PayRun, Review


def acting_judgment(request: Request, uid: UUID) -> tuple[Judgment, Member]:
    """The caller's own judgment and who they are; anybody else's is as absent."""
    judgment = Judgment.objects.select_related("assignment", "campaign").filter(uid=uid).first()
    if judgment is None:
        raise NotFound(_("No such judgment."))
    try:
        member = acting_member(request, judgment.workspace_id, to="judge")
    except NotFound as error:
        raise NotFound(_("No such judgment.")) from error
    if judgment.member_id != member.pk:
        raise NotFound(_("No such judgment."))
    return judgment, member


def access_judgment(member: Member, uid: UUID) -> Judgment:
    """A judgment of one's own, or a reviewer's fix of it; those who watch see everybody's."""
    judgment = _with_its_parts().filter(workspace_id=member.workspace_id, uid=uid).first()
    if judgment is None or not (_is_about(judgment, member) or member.has(*WATCHERS)):
        raise NotFound(_("No such judgment."))
    return judgment


class AtReview(NamedTuple):
    review: Review
    member: Member


def access_review(member: Member, uid: UUID) -> Review:
    """What was drawn for review in the member's workspace."""
    found = _reviews().filter(campaign__workspace_id=member.workspace_id, uid=uid)
    review = found.first()
    if review is None:
        raise NotFound(_("No such review."))
    return review


def acting_review(request: Request, uid: UUID) -> AtReview:
    """The same for the API, and who reviews."""
    review = _reviews().filter(uid=uid).first()
    if review is None:
        raise NotFound(_("No such review."))
    try:
        member = acting_member(request, review.campaign.workspace_id, to="review")
    except NotFound as error:
        raise NotFound(_("No such review.")) from error
    return AtReview(review, member)


def access_own_judgment(member: Member, uid: UUID) -> Judgment:
    judgment = _with_its_parts().filter(member=member, uid=uid).first()
    if judgment is None:
        raise NotFound(_("No such judgment."))
    return judgment


def access_pay_run(member: Member, uid: UUID) -> PayRun:
    run = PayRun.objects.filter(workspace_id=member.workspace_id, uid=uid)
    found = run.select_related("closed_by").first()
    if found is None:
        raise NotFound(_("No such pay run."))
    return found


def acting_pay_run(request: Request, uid: UUID) -> PayRun:
    """The same for the API, for owners."""
    run = PayRun.objects.select_related("closed_by").filter(uid=uid).first()
    if run is None:
        raise NotFound(_("No such pay run."))
    try:
        acting_member(request, run.workspace_id, to="own")
    except NotFound as error:
        raise NotFound(_("No such pay run.")) from error
    return run


def _is_about(judgment: Judgment, member: Member) -> bool:
    is_of_their_task = judgment.assignment and judgment.assignment.member_id == member.pk
    return judgment.member_id == member.pk or (judgment.is_fix and bool(is_of_their_task))


def _reviews() -> QuerySet[Review]:
    return Review.objects.select_related(
        "judgment__assignment",
        "judgment__campaign__guidelines",
        "judgment__campaign__rubric_version__rubric",
        "judgment__campaign__workspace",
        "judgment__task__campaign__rubric_version__rubric",
        "judgment__task__campaign__guidelines",
        "judgment__task__prompt",
        "author",
        "campaign",
        "reviewer",
    )


def _with_its_parts() -> QuerySet[Judgment]:
    return Judgment.objects.select_related(
        "assignment",
        "campaign__rubric_version__rubric",
        "campaign__guidelines",
        "guidelines",
        "member",
        "returned__returned_by",
        "superseded_by",
        "supersedes",
        "task__prompt",
        "workspace",
    )
