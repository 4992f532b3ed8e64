from __future__ import annotations

from celery import shared_task

from evalhub.reports import jobs


@shared_task
def sweep_exports() -> None:
    jobs.sweep_exports()
