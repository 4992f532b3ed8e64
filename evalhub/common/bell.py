"""Ringing Celery, by the names of tasks: tasks import jobs, so jobs cannot import tasks.

A broker that is away costs a line in the log and nothing else, and one that hangs a second or two
besides: a sweep rings again.
"""

from __future__ import annotations

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

# A person's request waits for the broker no longer than this; brokers other than Redis ignore the
# names that they do not know
IMPATIENT = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0, "max_retries": 0}


AFTER_ALL_ELSE = 9  # of the priorities of Celery on Redis, where 0 goes first


def ring_task(
    task: str, *arguments: str | int, queue: str | None = None, priority: int | None = None
) -> None:
    # a connection of its own: Celery's pooled ones wait for ever for an answer, as workers must
    connection = current_app.connection_for_write(transport_options=IMPATIENT)
    try:
        with connection:
            current_app.send_task(
                task, arguments, queue=queue, priority=priority, connection=connection, retry=False
            )
    except OperationalError as error:
        log.warning("bell.broker_away", task=task, error=str(error))
