from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.judgments.models import Judgment


def acting_judgment(request: Request, uid: UUID) -> tuple[Judgment, Member]:
    """The caller's own judgment and who they are; anybody else's is as absent."""
    judgment = Judgment.objects.select_related("assignment", "campaign").filter(uid=uid).first()
    if judgment is None:
        raise NotFound("No such judgment.")
    try:
        member = acting_member(request, judgment.workspace_id, to="judge")
    except NotFound as error:
        raise NotFound("No such judgment.") from error
    if judgment.member_id != member.pk:
        raise NotFound("No such judgment.")
    return judgment, member
