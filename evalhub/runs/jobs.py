from __future__ import annotations

from typing import Any

from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.runs.execution import execute_run, result_of


def execute(job: Job, beat: Beat) -> dict[str, Any]:
    return result_of(execute_run(job, beat))
