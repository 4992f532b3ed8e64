from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request

from evalhub.accounts.access import Act, acting_member
from evalhub.accounts.models import Member, Workspace
from evalhub.common.errors import NotFound
from evalhub.runs.errors import CannotCompareRuns
from evalhub.runs.models import Run

FEWEST, MOST = 2, 8  # runs side by side


def access_run(member: Member, uid: UUID) -> Run:
    runs = Run.objects.select_related(
        "job", "model", "output_model", "created_by", "workspace", "repeats__job"
    )
    run = runs.filter(workspace=member.workspace, uid=uid).first()
    if run is None:
        raise NotFound("No such run.")
    return run


def acting_run(request: Request, uid: UUID, *, to: Act) -> Run:
    """The same for the API, for a token or a session."""
    runs = Run.objects.select_related("job", "model", "output_model", "workspace", "repeats")
    run = runs.filter(uid=uid).first()
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


def runs_to_compare(workspace: Workspace, uids: Sequence[str]) -> list[Run]:
    """Runs of the workspace in the order in which they are named, each once.

    Raises:
        CannotCompareRuns: fewer than two are named, or more than eight.
        NotFound: one of them is none of this workspace.
    """
    named = [*dict.fromkeys(uids)]
    if not FEWEST <= len(named) <= MOST:
        raise CannotCompareRuns(
            f"{FEWEST} to {MOST} runs can be compared, and {len(named)} "
            f"{'is' if len(named) == 1 else 'are'} chosen: tick them in the list of runs."
        )
    found = {str(run.uid): run for run in _known(workspace, named)}
    if len(found) < len(named):
        raise NotFound("No such run.")
    return [found[str(UUID(uid))] for uid in named]


def _known(workspace: Workspace, uids: Sequence[str]) -> QuerySet[Run]:
    try:
        wanted = [UUID(uid) for uid in uids]
    except ValueError as error:
        raise NotFound("No such run.") from error
    runs = Run.objects.select_related("job", "model", "output_model", "workspace")
    return runs.filter(workspace=workspace, uid__in=wanted)
