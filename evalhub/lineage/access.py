from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request

from evalhub.accounts.access import Act, access_colleague, acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.judgments.access import access_judgment
from evalhub.judgments.models import Judgment
from evalhub.lineage.models import ContaminationCheck
from evalhub.prompts.access import access_prompt
from evalhub.prompts.models import Prompt
from evalhub.quality.models import Withdrawal

Subject = Judgment | Prompt | Member

KINDS = ("judgment", "prompt", "member")
TO_WITHDRAW: dict[str, Act] = {"judgment": "lead", "prompt": "lead", "member": "own"}


def access_subject(member: Member, kind: str, uid: UUID) -> Subject:
    """A judgment, a prompt or a member of the workspace."""
    if kind == "judgment":
        return access_judgment(member, uid)
    return access_prompt(member, uid) if kind == "prompt" else access_colleague(member, uid)


def access_withdrawal(member: Member, uid: UUID) -> Withdrawal:
    rows = Withdrawal.objects.filter(workspace=member.workspace_id, uid=uid)
    found = rows.select_related(
        "judgment", "member", "prompt", "reinstatement__reinstated_by", "withdrawn_by", "workspace"
    ).first()
    if found is None:
        raise NotFound("No such withdrawal.")
    return found


def acting_withdrawal(request: Request, uid: UUID) -> tuple[Withdrawal, Member]:
    """The same for the API, with who asks."""
    found = Withdrawal.objects.filter(uid=uid).first()
    if found is None:
        raise NotFound("No such withdrawal.")
    try:
        member = acting_member(request, found.workspace_id, to=TO_WITHDRAW[found.kind])
    except NotFound as error:  # hidden and absent give the same answer
        raise NotFound("No such withdrawal.") from error
    return access_withdrawal(member, uid), member


def access_check(member: Member, uid: UUID) -> ContaminationCheck:
    rows = ContaminationCheck.objects.filter(build__workspace=member.workspace_id, uid=uid)
    found = rows.select_related("build__dataset", "job", "created_by").first()
    if found is None:
        raise NotFound("No such check.")
    return found
