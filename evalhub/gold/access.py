"""The only way a view gets a gold, a verdict or an appeal."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskKind
from evalhub.common.errors import NotFound
from evalhub.gold.choices import AttemptState
from evalhub.gold.models import Appeal, Attempt, AttemptTask, GoldVerdict, Qualification
from evalhub.gold.models.qualification import OF_JUDGMENT
from evalhub.gold.sets import sets_for
from evalhub.judgments.models import ExpertAnswer

_OF_TASK = (
    "campaign__workspace",
    "campaign__rubric_version__rubric",
    "campaign__guidelines",
    "prompt",
)
_OF_VERDICT = (*(f"judgment__{name}" for name in OF_JUDGMENT), "campaign__workspace", "member")
_OF_ATTEMPT = ("member", "qualification__campaign__workspace")
_OF_PART = (*(f"attempt__{name}" for name in _OF_ATTEMPT), "task", "gold__expert_answer")


def access_gold(member: Member, uid: UUID) -> ExpertAnswer:
    """A gold of the member's workspace, standing or withdrawn."""
    found = ExpertAnswer.objects.filter(task__campaign__workspace_id=member.workspace_id, uid=uid)
    found = found.filter(Q(task__kind=TaskKind.GOLD) | Q(withdrawn_at__isnull=False))
    gold = found.select_related("written_by", *(f"task__{name}" for name in _OF_TASK)).first()
    if gold is None:
        raise NotFound(_("No such gold."))
    return gold


def access_own_verdict(member: Member, uid: UUID) -> GoldVerdict:
    found = GoldVerdict.objects.filter(member=member, uid=uid)
    verdict = found.select_related(*_OF_VERDICT, "appeal__decided_by").first()
    if verdict is None:
        raise NotFound(_("No such verdict."))
    return verdict


def access_appeal(member: Member, uid: UUID) -> Appeal:
    """An appeal in the member's workspace."""
    found = Appeal.objects.of_workspace(member.workspace).filter(uid=uid)
    verdict = (f"verdict__{name}" for name in _OF_VERDICT)
    part = (f"part__{name}" for name in _OF_PART)
    appeal = found.select_related(*verdict, *part, "decided_by").first()
    if appeal is None:
        raise NotFound(_("No such appeal."))
    return appeal


def access_qualification(member: Member, uid: UUID) -> Qualification:
    """A set that the member may see: of an open campaign that is for them."""
    found = sets_for(member).filter(uid=uid).first()
    if found is None:
        raise NotFound(_("No such qualification."))
    return found


def access_own_attempt(member: Member, uid: UUID) -> Attempt:
    found = Attempt.objects.filter(member=member, uid=uid).select_related(*_OF_ATTEMPT).first()
    if found is None:
        raise NotFound(_("No such attempt."))
    return found


def access_own_part(member: Member, uid: UUID) -> AttemptTask:
    """The task with that uid of an exam which the member has taken, and which is over."""
    found = AttemptTask.objects.filter(attempt__member=member, task__uid=uid)
    found = found.exclude(attempt__state=AttemptState.UNDER_WAY)
    part = found.select_related(*_OF_PART, "appeal__decided_by").first()
    if part is None or part.judgment is None:
        raise NotFound(_("No such answer."))
    return part


def access_attempt(member: Member, uid: UUID) -> Attempt:
    """An attempt in the member's workspace."""
    ours = Attempt.objects.filter(qualification__campaign__workspace_id=member.workspace_id)
    found = ours.filter(uid=uid).select_related(*_OF_ATTEMPT).first()
    if found is None:
        raise NotFound(_("No such attempt."))
    return found
