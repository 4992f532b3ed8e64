"""Doors for Celery: unpack, call a job, nothing else."""

from __future__ import annotations

from celery import shared_task

from evalhub.jobs import jobs


@shared_task
def execute(uid: str) -> None:
    jobs.execute(uid)


@shared_task
def deliver(pk: int) -> None:
    jobs.deliver(pk)


@shared_task
def sweep() -> None:
    jobs.sweep()
