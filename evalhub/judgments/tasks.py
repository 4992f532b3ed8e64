from __future__ import annotations

from celery import shared_task

from evalhub.judgments import jobs


@shared_task
def tally() -> None:
    while jobs.tally() >= jobs.AT_ONCE:
        pass  # the next fifty thousand, each a transaction of its own
