from __future__ import annotations

from typing import Any

from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.runs.execution import execute_run, result_of
from evalhub.runs.measuring import keep_lengths


def execute(job: Job, beat: Beat) -> dict[str, Any]:
    return result_of(execute_run(job, beat))


def measure(job: Job, beat: Beat) -> dict[str, Any]:
    """Count tokens, and write on each build what was found."""
    run = execute_run(job, beat)
    keep_lengths(run)
    return result_of(run)
