from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.labels import is_label
from evalhub.jobs.bell import ring
from evalhub.jobs.choices import JobState, Queue
from evalhub.jobs.errors import BadLabel, JobEnded, TooManyJobs
from evalhub.jobs.jobs import write_end
from evalhub.jobs.models import Job

MOST_WAITING = 200  # per workspace: a flood of jobs must not starve the others


@transaction.atomic
def queue_job(
    *,
    kind: str,
    title: str,
    workspace: Workspace | None,
    by: Member | None,
    subject_uid: UUID | None = None,
    payload: dict[str, Any] | None = None,
    queue: Queue = Queue.DEFAULT,
    label: str = "",
) -> Job:
    """Queue work in the caller's transaction; a worker hears of it after the commit.

    A broker that is down is logged, never an error: the sweep rings again.

    Args:
        label: only workers that offer it take the job.

    Raises:
        BadLabel: a label is lower-case letters, digits and hyphens, 40 at most.
        TooManyJobs: the workspace has 200 unended jobs; wait or cancel some.
    """
    if label and not is_label(label):
        raise BadLabel(f"“{label}” is no label: take lower-case letters, digits and hyphens.")
    if workspace and Job.objects.of_workspace(workspace).unended().count() >= MOST_WAITING:
        raise TooManyJobs(f"{MOST_WAITING} jobs are waiting already; wait, or cancel some of them.")
    job = Job.objects.create(
        kind=kind,
        title=title[:200],
        workspace=workspace,
        created_by=by,
        subject_uid=subject_uid,
        payload=payload or {},
        queue=queue,
        label=label,
    )
    transaction.on_commit(lambda: ring(job), robust=True)
    return job


@transaction.atomic
def cancel_job(*, job: Job, by: Member | None) -> Job:
    """End a waiting job at once; ask a running one to stop at its next report.

    Raises:
        JobEnded: there is nothing left to cancel.
    """
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.is_ended:
        raise JobEnded(f"This job has {job.state} already.")
    if job.cancel_requested_at is None:
        job.cancel_requested_at = timezone.now()
        job.save(update_fields=["cancel_requested_at"])
    if job.state == JobState.QUEUED:
        write_end(job, JobState.CANCELLED)
    _record("job.cancelled", job, by)
    return job


@transaction.atomic
def pause_job(*, job: Job, by: Member | None) -> Job:
    """Hold a job: one that waits is taken by nobody, one that runs is given back at its next report.

    Raises:
        JobEnded: there is nothing left to hold.
    """
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.is_ended or job.cancel_requested_at:
        raise JobEnded(
            f"This job has {job.state} already." if job.is_ended else "This job is being cancelled."
        )
    if job.paused_at is None:
        job.paused_at = timezone.now()
        job.save(update_fields=["paused_at"])
        _record("job.paused", job, by)
    return job


@transaction.atomic
def resume_job(*, job: Job, by: Member | None) -> Job:
    """Let a paused job go on; one that is not paused is left as it is."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.is_paused:
        job.paused_at = None
        job.save(update_fields=["paused_at"])
        _record("job.resumed", job, by)
        transaction.on_commit(lambda: ring(job), robust=True)
    return job


def _record(verb: str, job: Job, by: Member | None) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=job.workspace.slug if job.workspace else "",
        target=f"job {job.uid}",
        kind=job.kind,
    )
