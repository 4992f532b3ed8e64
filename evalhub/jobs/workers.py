"""Who works: each worker process says every few seconds that it is alive, in the database.

Celery's own ping goes unanswered while a one-slot worker trains for an hour, and needs the broker.
"""

from __future__ import annotations

import os
import socket
import threading
from datetime import timedelta

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from evalhub.jobs.models import Worker

log = structlog.get_logger(__name__)

SAY_EVERY = 3.0  # seconds
SILENT_AFTER = timedelta(seconds=15)

stopping = threading.Event()  # set when this worker process was told to go


def this_worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def live_workers(queue: str) -> int:
    """How many worker processes of `queue` said so within the last 15 seconds."""
    recent = timezone.now() - SILENT_AFTER
    return Worker.objects.filter(queues__contains=[queue], seen_at__gte=recent).count()


def stay_registered(queues: list[str]) -> threading.Thread:
    """Start the thread that keeps this process's Worker row fresh until `stopping` is set."""
    thread = threading.Thread(target=_say_until_stopped, args=[queues], daemon=True)
    thread.start()
    return thread


def _say_until_stopped(queues: list[str]) -> None:
    while True:
        try:
            close_old_connections()
            say_alive(queues)
        except DatabaseError:
            log.warning("worker.database_away", worker=this_worker())
        if stopping.wait(SAY_EVERY):
            return


def say_alive(queues: list[str]) -> None:
    fresh = {"queues": queues, "pid": os.getpid(), "seen_at": timezone.now()}
    Worker.objects.update_or_create(name=this_worker(), defaults=fresh)


def say_gone() -> None:
    stopping.set()
    Worker.objects.filter(name=this_worker()).delete()
