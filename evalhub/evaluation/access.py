from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request

from evalhub.accounts.access import Act, acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.evaluation.models import Comparison, HumanTrial


def access_comparison(member: Member, uid: UUID) -> Comparison:
    comparisons = Comparison.objects.select_related(
        "baseline__model", "candidate__model", "baseline__run", "candidate__run"
    )
    comparison = comparisons.filter(workspace=member.workspace, uid=uid).first()
    if comparison is None:
        raise NotFound("No such comparison.")
    return comparison


def acting_comparison(request: Request, uid: UUID, *, to: Act) -> tuple[Comparison, Member]:
    """The same for the API, for a token or a session; and who acts."""
    comparison = Comparison.objects.select_related(
        "workspace", "candidate__model", "baseline__model"
    ).filter(uid=uid)
    if (found := comparison.first()) is None:
        raise NotFound("No such comparison.")
    return found, _member(request, found.workspace_id, "No such comparison.", to=to)


def access_trial(member: Member, uid: UUID) -> HumanTrial:
    trial = trials().filter(workspace=member.workspace, uid=uid).first()
    if trial is None:
        raise NotFound("No such trial.")
    return trial


def acting_trial(request: Request, uid: UUID, *, to: Act) -> tuple[HumanTrial, Member]:
    trial = trials().filter(uid=uid).first()
    if trial is None:
        raise NotFound("No such trial.")
    return trial, _member(request, trial.workspace_id, "No such trial.", to=to)


def trials() -> QuerySet[HumanTrial]:
    return HumanTrial.objects.select_related(
        "workspace", "evaluation__model", "incumbent", "campaign", "promotion", "collection",
        "candidate_run__job", "incumbent_run__job", "created_by", "ended_by",
        "rubric_version__rubric",
    )  # fmt: skip


def _member(request: Request, workspace_pk: int, absent: str, *, to: Act) -> Member:
    try:
        return acting_member(request, workspace_pk, to=to)
    except NotFound as error:  # hidden and absent give the same answer
        raise NotFound(absent) from error
