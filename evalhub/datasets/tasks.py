from __future__ import annotations

from celery import shared_task

from evalhub.datasets.export import jobs


@shared_task
def sweep_build_exports() -> None:
    jobs.sweep_build_exports()
