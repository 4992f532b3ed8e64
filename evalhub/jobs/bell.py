"""Ringing Celery, by the names of tasks: tasks import jobs, so jobs cannot import tasks.

A broker that is away costs a line in the log and nothing else, and one that hangs a second or two
besides: the sweep rings again.
"""

from __future__ import annotations

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from evalhub.jobs.models import Job

log = structlog.get_logger(__name__)

# A person's request waits for the broker no longer than this; brokers other than Redis ignore the
# names that they do not know
IMPATIENT = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0, "max_retries": 0}


def ring(job: Job) -> None:
    """Tell the workers of the job's queue that it waits."""
    _send("evalhub.jobs.tasks.execute", str(job.uid), queue=job.queue)


def ring_news(pk: int) -> None:
    """Tell a worker of the default queue that there is news."""
    _send("evalhub.jobs.tasks.deliver", pk)


def _send(task: str, argument: str | int, *, queue: str | None = None) -> None:
    # a connection of its own: Celery's pooled ones wait for ever for an answer, as workers must
    connection = current_app.connection_for_write(transport_options=IMPATIENT)
    try:
        with connection:
            current_app.send_task(
                task, (argument,), queue=queue, connection=connection, retry=False
            )
    except OperationalError as error:
        log.warning("bell.broker_away", task=task, error=str(error))
