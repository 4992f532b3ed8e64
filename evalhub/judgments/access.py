from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.campaigns.access import WATCHERS
from evalhub.common.errors import NotFound
from evalhub.judgments.models import Judgment


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
    """A judgment of one's own; those who watch see everybody's in the workspace."""
    judgment = _with_its_parts().filter(workspace_id=member.workspace_id, uid=uid).first()
    if judgment is None or not (judgment.member_id == member.pk or member.has(*WATCHERS)):
        raise NotFound(_("No such judgment."))
    return judgment


def access_own_judgment(member: Member, uid: UUID) -> Judgment:
    judgment = _with_its_parts().filter(member=member, uid=uid).first()
    if judgment is None:
        raise NotFound(_("No such judgment."))
    return judgment


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
