from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request

from evalhub.accounts.access import Act, acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.sweeps.models import Sweep


def access_sweep(member: Member, uid: UUID) -> Sweep:
    """A sweep of the member's workspace."""
    found = sweeps().filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such sweep.")
    return found


def acting_sweep(request: Request, uid: UUID, *, to: Act) -> tuple[Sweep, Member]:
    """The same for the API, for a token or a session; and who acts."""
    found = sweeps().filter(uid=uid).first()
    if found is None:
        raise NotFound("No such sweep.")
    try:
        return found, acting_member(request, found.workspace_id, to=to)
    except NotFound as error:  # hidden and absent give the same answer
        raise NotFound("No such sweep.") from error


def sweeps() -> QuerySet[Sweep]:
    return Sweep.objects.select_related(
        "workspace", "build__dataset", "model", "created_by", "final__job", "final__output_model"
    )
