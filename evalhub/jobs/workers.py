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
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Workspace
from evalhub.jobs.models import Worker

log = structlog.get_logger(__name__)

SAY_EVERY = 3.0  # seconds
SILENT_AFTER = timedelta(seconds=15)

stopping = threading.Event()  # set when this worker process was told to go


def this_worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def live_workers(queue: str, *, of: Workspace | None = None) -> int:
    """How many worker processes of `queue` said so within the last 15 seconds.

    Args:
        of: count those as well that work for this workspace alone.
    """
    recent = timezone.now() - SILENT_AFTER
    alive = Worker.objects.filter(queues__contains=[queue], seen_at__gte=recent)
    return alive.filter(Q(workspace=None) | Q(workspace=of)).count()


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


def say_alive(queues: list[str], *, name: str = "", workspace: Workspace | None = None) -> None:
    """Of this process; or of the worker of that name, which reaches us over the API."""
    fresh: dict[str, object] = {"queues": queues, "seen_at": timezone.now(), "workspace": workspace}
    fresh["pid"] = 0 if name else os.getpid()
    Worker.objects.update_or_create(name=name or this_worker(), defaults=fresh)


def still_alive(name: str) -> None:
    """Of a worker that said what it is before."""
    Worker.objects.filter(name=name).update(seen_at=timezone.now())


def say_gone() -> None:
    stopping.set()
    Worker.objects.filter(name=this_worker()).delete()
