from __future__ import annotations

from celery import shared_task

from evalhub.campaigns import jobs


@shared_task
def return_expired() -> None:
    jobs.return_expired()


@shared_task
def close_overdue() -> None:
    jobs.close_overdue()


@shared_task
def count_large() -> None:
    jobs.count_large()
