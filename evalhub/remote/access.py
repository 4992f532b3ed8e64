from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request

from evalhub.accounts.acting import Acting
from evalhub.accounts.choices import MemberKind
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.jobs.choices import JobState
from evalhub.remote.errors import LeaseOver
from evalhub.runs.models import Run


def owner_of(worker: Member, name: str) -> str:
    """What stands as the lease's owner while that worker has a job."""
    return f"remote:{worker.pk}:{name}"


def acting_worker(request: Request) -> Member:
    """The worker that a token speaks for. To people, and their tokens, there is nothing here."""
    if not isinstance(request.auth, Acting) or request.auth.kind != MemberKind.WORKER:
        raise NotFound("This is for workers: a token of manage.py add_worker opens it.")
    return Member.objects.select_related("workspace").get(pk=request.auth.member_id)


def access_lent(request: Request, uid: UUID) -> Run:
    """A run that the worker has now, under the attempt that it names.

    Raises:
        NotFound: no such run in its workspace.
        LeaseOver: it has not got that run, or it was taken back meanwhile.
    """
    worker = acting_worker(request)
    runs = Run.objects.select_related("job__workspace", "model", "workspace")
    run = runs.filter(workspace=worker.workspace, uid=uid).first()
    if run is None:
        raise NotFound("No such run.")
    job = run.job
    is_theirs = job.lease_owner.startswith(owner_of(worker, ""))
    named = str(job.attempt) == request.query_params.get("attempt")
    if job.state != JobState.RUNNING or not is_theirs or not named:
        raise LeaseOver(
            "This run was taken back, or has ended: stop the trainer and write nothing."
        )
    return run
