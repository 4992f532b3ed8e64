"""Ties Celery's worker signals to our Worker rows."""

from __future__ import annotations

from typing import Any

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down

from evalhub.jobs import workers


def connect() -> None:
    worker_ready.connect(_ready, weak=False)
    worker_shutting_down.connect(_stopping, weak=False)
    worker_shutdown.connect(_gone, weak=False)


def _ready(sender: Any, **_: Any) -> None:  # Celery's consumer; it carries no types
    queues = [queue.name for queue in sender.task_consumer.queues]
    workers.stay_registered(queues)


def _stopping(**_: Any) -> None:
    workers.stopping.set()


def _gone(**_: Any) -> None:
    workers.say_gone()
