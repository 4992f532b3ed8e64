from __future__ import annotations

from celery import shared_task

from evalhub.notifications import letters


@shared_task
def send_summaries() -> None:
    letters.mail_summaries()
