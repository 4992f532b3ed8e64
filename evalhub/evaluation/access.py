from __future__ import annotations

from uuid import UUID

from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.evaluation.models import Comparison


def access_comparison(member: Member, uid: UUID) -> Comparison:
    comparisons = Comparison.objects.select_related(
        "baseline__model", "candidate__model", "baseline__run", "candidate__run"
    )
    comparison = comparisons.filter(workspace=member.workspace, uid=uid).first()
    if comparison is None:
        raise NotFound("No such comparison.")
    return comparison
