from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from evalhub.jobs.beat import Beat
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from evalhub.runs.execution import execute_run, result_of
from evalhub.runs.folder import drop_checkpoints
from evalhub.runs.measuring import keep_lengths
from evalhub.runs.models import Run
from evalhub.runs.tidying import tidy_runs

KEEP_CHECKPOINTS = timedelta(days=7)


def execute(job: Job, beat: Beat) -> dict[str, Any]:
    return result_of(execute_run(job, beat))


def sweep_checkpoints() -> None:
    """Delete what runs kept that failed or were cancelled a week ago: till then somebody may look at it.

    And from the disk here the folders of runs that need none.
    """
    old = Run.objects.filter(
        job__state__in=[JobState.FAILED, JobState.CANCELLED],
        job__ended_at__lt=timezone.now() - KEEP_CHECKPOINTS,
    )
    for run in old.exclude(checkpoints=[]).order_by("pk"):
        drop_checkpoints(run)
        run.checkpoints = []
        run.save(update_fields=["checkpoints"])
    tidy_runs()


def measure(job: Job, beat: Beat) -> dict[str, Any]:
    """Count tokens, and write on each build what was found."""
    run = execute_run(job, beat)
    keep_lengths(run)
    return result_of(run)
