"""Doors for Celery: unpack, call a job, nothing else."""

from __future__ import annotations

from celery import shared_task

from evalhub.loops import jobs


@shared_task
def turn_all() -> None:
    jobs.turn_all()
