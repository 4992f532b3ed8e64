"""What a handler holds while it works: the lease, the progress, the wish to cancel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evalhub.jobs.errors import JobCancelled, JobPaused, LeaseLost
from evalhub.jobs.models import Job

WRITE_EVERY = 0.5  # seconds


class Beat:
    """Renews the lease of one taken job; everything it writes is fenced by the attempt."""

    def __init__(self, job: Job) -> None:
        self._job_pk, self._attempt = job.pk, job.attempt
        self._written = 0.0
        self._told_paused = False

    def report(
        self, *, done: int | None = None, total: int | None = None, note: str | None = None
    ) -> None:
        """Store progress and renew the lease, at most twice a second.

        Raises:
            JobCancelled: a person asked to stop.
            JobPaused: a person asked to hold it; told once, so that what goes on from can be stored.
            LeaseLost: the job was taken back meanwhile; write nothing more.
        """
        if time.monotonic() - self._written < WRITE_EVERY and (done is None or done != total):
            return
        self._written = time.monotonic()
        now = timezone.now()
        values: dict[str, object] = {"heartbeat_at": now, "lease_expires_at": now + lease_time()}
        given = {"done": done, "total": total, "note": None if note is None else note[:200]}
        values |= {name: value for name, value in given.items() if value is not None}
        mine = Job.objects.running().filter(pk=self._job_pk, attempt=self._attempt)
        if not mine.update(**values):
            raise LeaseLost
        cancelled_at, paused_at = mine.values_list("cancel_requested_at", "paused_at").get()
        if cancelled_at:
            raise JobCancelled
        if paused_at and not self._told_paused:
            self._told_paused = True
            raise JobPaused

    @contextmanager
    def fenced(self) -> Iterator[Job]:
        """A transaction that holds the job's row, so that only the lease's owner writes in it.

        Raises:
            LeaseLost: the job was taken back meanwhile; nothing was written.
        """
        with transaction.atomic():
            job = (
                Job.objects.running()
                .select_for_update()
                .filter(pk=self._job_pk, attempt=self._attempt)
                .first()
            )
            if job is None:
                raise LeaseLost
            yield job


def lease_time() -> timedelta:
    return timedelta(seconds=settings.EVALHUB_LEASE_SECONDS)
