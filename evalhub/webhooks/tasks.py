"""Doors for Celery: unpack, call a job, nothing else."""

from __future__ import annotations

from celery import shared_task

from evalhub.webhooks import jobs


@shared_task
def send_due() -> None:
    jobs.send_due()


@shared_task
def sweep() -> None:
    jobs.sweep()
