from __future__ import annotations

from celery import shared_task

from evalhub.runs import jobs


@shared_task
def sweep_checkpoints() -> None:
    jobs.sweep_checkpoints()
