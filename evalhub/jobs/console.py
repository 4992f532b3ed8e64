"""A job seen from a command: a progress bar, and Ctrl-C to cancel."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from evalhub.jobs import jobs
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.jobs.workers import live_workers

LOOK_EVERY = 0.3  # seconds


def run_or_follow(job: Job) -> Job:
    """Watch a job until it ended; without a live worker for its queue, do it in this process.

    One with a label waits for a worker that offers it: this process offers none.
    """
    if job.label or live_workers(job.asked_of, of=job.workspace):
        return follow(job)
    return run_here(job)


def follow(job: Job) -> Job:
    """Show a job's progress until it ended. Ctrl-C cancels it and waits for its end."""
    with _bar() as bar:
        row = bar.add_task(job.title, total=None, note="")
        while True:
            try:
                job.refresh_from_db()
                bar.update(row, completed=job.done, total=job.total or None, note=job.note)
                if job.is_ended:
                    return job
                time.sleep(LOOK_EVERY)  # pace of looking, not a wait for something to be true
            except KeyboardInterrupt:
                if not job.cancel_requested_at:
                    cancel_job(job=job, by=None)


def run_here(job: Job) -> Job:
    """Do the job in this process. Ctrl-C ends it as cancelled at its next report."""
    with _bar() as bar:
        bar.add_task(f"{job.title} (no worker runs: doing it here)", total=None, note="")
        jobs.execute(job.uid)
    job.refresh_from_db()
    return job


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
    )
