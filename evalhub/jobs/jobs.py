"""Taking, running and ending a job; the sweep. No Celery here, so tests call these directly."""

from __future__ import annotations

import time
import traceback
from datetime import timedelta
from math import inf
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from evalhub.common.errors import DomainError
from evalhub.jobs import events
from evalhub.jobs.beat import Beat, lease_time
from evalhub.jobs.bell import ring
from evalhub.jobs.choices import JobState
from evalhub.jobs.errors import JobCancelled, JobReturned, LeaseLost
from evalhub.jobs.handlers import handler_of
from evalhub.jobs.models import Job, News, Worker
from evalhub.jobs.workers import this_worker

log = structlog.get_logger(__name__)

MOST_DEATHS = 5
MOST_TRIES = 20
KEEP_NEWS = timedelta(days=7)
DELIVER_FOR = 2.0  # seconds


def execute(uid: UUID | str) -> None:
    """Do a queued job to its end. A second delivery of the same message finds nothing to take."""
    job = take(uid)
    if job is None:
        return
    beat = Beat(job)
    try:
        result = handler_of(job.kind)(job, beat)
        _end(beat, JobState.SUCCEEDED, result=result)
    except JobCancelled:
        _end(beat, JobState.CANCELLED)
    except KeyboardInterrupt:  # a command that does the job in its own process
        _end(beat, JobState.CANCELLED)
        raise
    except JobReturned:
        give_back(job)
    except LeaseLost:
        log.warning("job.lease_lost", job=str(job.uid), attempt=job.attempt)
    except (OperationalError, InterfaceError):  # the database went away, which is not the job's end
        log.exception("job.database_away", job=str(job.uid), attempt=job.attempt)
    except DomainError as error:
        _end(beat, JobState.FAILED, error=str(error))
    except Exception:
        log.exception("job.failed", job=str(job.uid), kind=job.kind)
        sorry = "evalhub failed here, not you. An engineer of this workspace sees the trace."
        _end(beat, JobState.FAILED, error=sorry, trace=traceback.format_exc())


def take(uid: UUID | str, *, owner: str = "") -> Job | None:
    """Take the lease in one UPDATE, or return None when another worker was first.

    Args:
        owner: who takes it; this process where nobody is named.
    """
    now = timezone.now()
    taken = (
        Job.objects.waiting()
        .filter(uid=uid)
        .update(
            state=JobState.RUNNING,
            attempt=F("attempt") + 1,
            lease_owner=owner or this_worker(),
            lease_expires_at=now + lease_time(),
            heartbeat_at=now,
            started_at=now,
            note="",
        )
    )
    return Job.objects.select_related("workspace", "created_by").get(uid=uid) if taken else None


def _end(
    beat: Beat,
    state: JobState,
    *,
    result: dict[str, Any] | None = None,
    error: str = "",
    trace: str = "",
) -> None:
    try:
        with beat.fenced() as job:
            write_end(job, state, result=result or {}, error=error, trace=trace)
    except LeaseLost:
        log.warning("job.ended_without_lease", state=state)


def write_end(
    job: Job,
    state: JobState,
    *,
    result: dict[str, Any] | None = None,
    error: str = "",
    trace: str = "",
) -> None:
    """End a job whose row the caller has locked, and announce it."""
    job.state, job.ended_at, job.lease_expires_at = state, timezone.now(), None
    job.result, job.error, job.trace = result or {}, error, trace
    job.save(update_fields=["state", "ended_at", "lease_expires_at", "result", "error", "trace"])
    subject = str(job.subject_uid) if job.subject_uid else None
    events.announce("job.ended", job.uid, kind=job.kind, state=state, subject=subject)


def give_back(job: Job) -> None:
    """Queue it again, unless somebody else has it by now."""
    mine = Job.objects.running().filter(pk=job.pk, attempt=job.attempt)
    mine.update(
        state=JobState.QUEUED, lease_owner="", lease_expires_at=None, note="waiting for a worker"
    )


def sweep() -> None:
    """Make good what was lost: leases that ran out, bells nobody heard, news not delivered."""
    take_back_abandoned()
    ring_again()
    deliver_waiting(within=DELIVER_FOR)
    Worker.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()
    News.objects.filter(delivered_at__lt=timezone.now() - KEEP_NEWS).delete()


def take_back_abandoned() -> None:
    """Queue again each job whose worker went silent; after five of them it has failed.

    A worker that was told to go and handed the job back is no death of it.
    """
    for pk in Job.objects.abandoned().order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            job = Job.objects.abandoned().select_for_update(skip_locked=True).filter(pk=pk).first()
            if job is None:
                continue
            job.deaths += 1
            job.save(update_fields=["deaths"])
            if job.cancel_requested_at:
                write_end(job, JobState.CANCELLED)
            elif job.deaths >= MOST_DEATHS:
                sorry = f"Its worker died {job.deaths} times. Look at the worker's log and memory."
                write_end(job, JobState.FAILED, error=sorry)
            else:
                give_back(job)


def ring_again() -> None:
    """Tell Celery again about queued jobs that nobody took: the broker may have lost the message."""
    limit = timezone.now() - timedelta(seconds=settings.EVALHUB_RING_AGAIN_SECONDS)
    for job in Job.objects.waiting().filter(rung_at__lt=limit).order_by("pk")[:100]:
        Job.objects.filter(pk=job.pk).update(rung_at=timezone.now())
        ring(job)


def deliver(pk: int) -> None:
    """Hand one piece of news to its subscribers, once; a failure is tried again by the sweep."""
    with transaction.atomic():
        news = News.objects.due().select_for_update(skip_locked=True).filter(pk=pk).first()
        if news is None:
            return
        try:
            with transaction.atomic():
                for subscriber in events.subscribers_of(news.topic):
                    subscriber(news)
        except Exception:
            log.exception("news.not_delivered", topic=news.topic, subject=str(news.subject_uid))
            news.tries += 1
            news.save(update_fields=["tries"])
        else:
            news.delivered_at = timezone.now()
            news.save(update_fields=["delivered_at"])


def deliver_waiting(*, within: float = inf) -> None:
    """Deliver what has waited; topics that nobody subscribed to are done in one statement.

    Args:
        within: seconds after which no more is begun, and the rest is left to the next sweep: else a job that
            somebody waits for would stand behind it.
    """
    until = time.monotonic() + within
    waiting = News.objects.due().filter(tries__lt=MOST_TRIES)
    topics = waiting.values_list("topic", flat=True).distinct()
    unheard = [topic for topic in topics if not events.subscribers_of(topic)]
    waiting.filter(topic__in=unheard).update(delivered_at=timezone.now())
    for pk in waiting.order_by("pk").values_list("pk", flat=True)[:1000]:
        if time.monotonic() > until:
            return
        deliver(pk)
