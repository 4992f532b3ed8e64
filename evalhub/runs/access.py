from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request

from evalhub.accounts.access import Act, acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.runs.models import Run


def access_run(member: Member, uid: UUID) -> Run:
    runs = Run.objects.select_related("job", "model", "output_model", "created_by", "workspace")
    run = runs.filter(workspace=member.workspace, uid=uid).first()
    if run is None:
        raise NotFound("No such run.")
    return run


def acting_run(request: Request, uid: UUID, *, to: Act) -> Run:
    """The same for the API, for a token or a session."""
    run = (
        Run.objects.select_related("job", "model", "output_model", "workspace")
        .filter(uid=uid)
        .first()
    )
    if run is None:
        raise NotFound("No such run.")
    try:
        acting_member(request, run.workspace_id, to=to)
    except NotFound as error:  # hidden and absent give the same answer
        raise NotFound("No such run.") from error
    return run


def run_named(uid: UUID) -> Run:
    """A run of any workspace, for commands."""
    runs = Run.objects.select_related("job", "model", "output_model", "workspace")
    run = runs.filter(uid=uid).first()
    if run is None:
        raise NotFound(f"There is no run {uid}.")
    return run
