from __future__ import annotations

from celery import shared_task

from evalhub.quality import jobs


@shared_task
def check_alerts() -> None:
    jobs.check_alerts()


@shared_task
def send_digests() -> None:
    jobs.send_digests()


@shared_task
def settle_all() -> None:
    jobs.settle_all()
