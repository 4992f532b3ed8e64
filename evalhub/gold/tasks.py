from __future__ import annotations

from celery import shared_task

from evalhub.gold.jobs.draws import tidy_places


@shared_task
def tidy() -> None:
    tidy_places()
