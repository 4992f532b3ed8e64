"""Runs lent to workers that reach only our API. The lease, its fence and its end are the jobs' own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from django.db import transaction

from evalhub.accounts.choices import MemberKind
from evalhub.accounts.models import Member, Workspace
from evalhub.accounts.services import NewToken, add_member, create_token
from evalhub.audit.services import record
from evalhub.jobs.beat import Beat
from evalhub.jobs.bell import ring
from evalhub.jobs.choices import JobState, Queue, queue_with
from evalhub.jobs.errors import JobCancelled, JobPaused, LeaseLost
from evalhub.jobs.jobs import give_back, take, write_end
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job
from evalhub.jobs.workers import say_alive, still_alive
from evalhub.registry.files import folder_of, is_stored
from evalhub.registry.models import LanguageModel
from evalhub.remote.access import owner_of
from evalhub.remote.bodies import demand_names, events_of, result_of
from evalhub.remote.errors import LeaseOver, UnfitReport
from evalhub.remote.queries import can_lend, teacher_base_of
from evalhub.remote.uploads import missing_of
from evalhub.runs.following import progress_in, record_checkpoint, store_events
from evalhub.runs.handed_in import HANDED_IN, HandedIn, sent_key
from evalhub.runs.models import Run
from training.environment import is_hub_id
from training.names import is_in_checkpoint

Wish = Literal["", "cancel", "pause"]

READ_BASE = "remote.read_base"
LOOKED_AT = 50  # waiting runs


@transaction.atomic
def add_worker(*, workspace: Workspace, name: str, by: Member | None = None) -> NewToken:
    """A member that takes runs of the workspace, and may do nothing else; its token is told once.

    Raises:
        NameTaken: the workspace has a member of that name.
    """
    member = add_member(
        workspace=workspace, pseudonym=name, roles=[], kind=MemberKind.WORKER, by=by
    )
    return create_token(member=member, name=name, by=by)


def take_run(*, worker: Member, name: str, labels: Sequence[str]) -> Run | None:
    """Lend the run that has waited longest, or again what `name` has already: an answer may get lost.

    None where nothing waits, or what waits needs its base model read first, which is then under way.
    """
    owner = owner_of(worker, name)
    _say_alive(worker, name, labels)
    held = Job.objects.running().filter(lease_owner=owner).order_by("pk").first()
    if held is not None:
        return _lent(held)
    waiting = Job.objects.waiting().filter(workspace=worker.workspace, queue=Queue.GPU)
    waiting = waiting.filter(label__in=["", *labels], run__isnull=False)
    for job in waiting.select_related("run__model").order_by("pk")[:LOOKED_AT]:
        if not can_lend(job.run) or not _is_ready(job.run):
            continue
        taken = take(job.uid, owner=owner)
        if taken is not None:
            record(
                "run.lent", actor=worker.pseudonym, workspace=worker.workspace.slug,
                target=f"run {job.run.uid}", attempt=taken.attempt,
            )  # fmt: skip
            return _lent(taken)
    return None


def follow(*, run: Run, events: list[dict[str, Any]]) -> Wish:
    """Store what the trainer said and renew the lease; what a person asked for meanwhile.

    The same events again change nothing: they are known by their numbers.

    Raises:
        UnfitReport: a line is none of a trainer's.
        LeaseOver: as for all that follows.
    """
    said = events_of(events)
    job = run.job
    with _fenced(job):
        store_events(run, job.attempt, said)
    still_alive(job.lease_owner)
    try:
        Beat(job).report(**progress_in(said))
    except JobCancelled:
        return "cancel"
    except JobPaused:
        return "pause"
    except LeaseLost as error:
        raise _over() from error
    return ""


def keep_checkpoint(*, run: Run, name: str, files: dict[str, str]) -> None:
    """Name a checkpoint, all of whose files were sent: another worker can go on from it.

    Raises:
        UnfitReport: a file is missing, or none that a checkpoint holds.
    """
    demand_names(files, is_in_checkpoint)
    _demand_sent(run, files)
    stored = {
        path: {"key": sent_key(run, sha256), "sha256": sha256} for path, sha256 in files.items()
    }
    with _translated():
        record_checkpoint(run, name=name, files=stored, beat=Beat(run.job))


def hand_in(*, run: Run, result: dict[str, Any], files: dict[str, str]) -> None:
    """The trainer has ended: a worker of ours checks what it left, and writes the run's end.

    Args:
        files: the sha256 of each by its path; the artifacts of the result, and the log.

    Raises:
        UnfitReport: the result or a file is not what a run leaves, or a file was not sent.
    """
    handed = HandedIn(result_of(result, files), files)
    _demand_sent(run, files)
    with _fenced(run.job) as job:
        job.payload = job.payload | {HANDED_IN: handed.as_json()}
        _to_ours(job)


def give_run_back(*, run: Run) -> None:
    """The worker is going: the next one goes on, or it ends where a person asked to stop."""
    with _fenced(run.job) as job:
        if job.cancel_requested_at is not None:
            write_end(job, JobState.CANCELLED)
        else:
            give_back(job)
            transaction.on_commit(lambda: ring(job), robust=True)


def _is_ready(run: Run) -> bool:
    """Whether a worker elsewhere can begin it now; sets what is missing going."""
    if run.is_closed or HANDED_IN in run.job.payload:
        with transaction.atomic():  # its worker died between the run's end and the job's
            job = Job.objects.waiting().select_for_update().filter(pk=run.job.pk).first()
            if job is not None:
                _to_ours(job)
        return False
    bases = (run.model.base if run.model else None, teacher_base_of(run))
    return all(_can_be_sent(each) for each in bases)


def _can_be_sent(base: LanguageModel | None) -> bool:
    """Whether its files need not be sent, or can be and were read."""
    if base is None or is_stored(base.source) or is_hub_id(base.source):
        return True
    if folder_of(base.source) is None:
        return False  # a directory of another machine: this one cannot send it
    if not base.digest:
        _read_base(base)
    return bool(base.digest)


def _read_base(base: LanguageModel) -> None:
    """Have its digest worked out, which a worker elsewhere checks what it fetched by."""
    jobs = Job.objects.of_workspace(base.workspace).unended()
    if not jobs.filter(kind=READ_BASE, subject_uid=base.uid).exists():
        queue_job(
            kind=READ_BASE,
            title=f"Read the files of {base}",
            workspace=base.workspace,
            by=None,
            subject_uid=base.uid,
            payload={"model": str(base.uid)},
        )


def _to_ours(job: Job) -> None:
    """Queue a job whose row is locked for our own workers, who have no device but all the rest."""
    job.state, job.queue, job.label = JobState.QUEUED, Queue.DEFAULT, ""
    job.lease_owner, job.lease_expires_at, job.note = "", None, "storing results"
    job.save()
    transaction.on_commit(lambda: ring(job), robust=True)


def _say_alive(worker: Member, name: str, labels: Sequence[str]) -> None:
    queues = [queue_with(Queue.GPU, label) for label in ("", *labels)]
    say_alive(queues, name=owner_of(worker, name), workspace=worker.workspace)


def _lent(job: Job) -> Run:
    runs = Run.objects.select_related("job__workspace", "model", "workspace")
    return runs.get(job=job)


def _demand_sent(run: Run, files: dict[str, str]) -> None:
    if lacking := missing_of(run, sorted(set(files.values()))):
        raise UnfitReport(f"{len(lacking)} of the files named were not sent.", missing=lacking[:50])


@contextmanager
def _fenced(job: Job) -> Iterator[Job]:
    with _translated(), Beat(job).fenced() as locked:
        yield locked


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except LeaseLost as error:
        raise _over() from error


def _over() -> LeaseOver:
    return LeaseOver("This run was taken back, or has ended: stop the trainer and write nothing.")
