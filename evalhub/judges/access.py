from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request

from evalhub.accounts.access import Act, acting_member
from evalhub.accounts.models import Member, Workspace
from evalhub.common.errors import NotFound
from evalhub.judges.models import Judge


def access_judge(member: Member, uid: UUID) -> Judge:
    """A judge of the member's workspace."""
    found = judges().filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such judge.")
    return found


def acting_judge(request: Request, uid: UUID, *, to: Act) -> tuple[Judge, Member]:
    """The same for the API, for a token or a session; and who acts."""
    found = judges().filter(uid=uid).first()
    if found is None:
        raise NotFound("No such judge.")
    try:
        return found, acting_member(request, found.workspace_id, to=to)
    except NotFound as error:  # hidden and absent give the same answer
        raise NotFound("No such judge.") from error


def judge_named(workspace: Workspace, name: str) -> Judge | None:
    """The same by its pseudonym, for commands; None: there is none yet."""
    return judges().filter(workspace=workspace, member__pseudonym=name).first()


def judges() -> QuerySet[Judge]:
    return Judge.objects.select_related("workspace", "member", "model", "rubric")
