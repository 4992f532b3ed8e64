from __future__ import annotations

from typing import Any

from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.runs.execution import execute_run, result_of
from evalhub.runs.generating.keeping import keep_answers


def generate(job: Job, beat: Beat) -> dict[str, Any]:
    """Carry the run out and keep what was written."""
    run = execute_run(job, beat)
    beat.report(note="storing the answers")
    with beat.fenced():
        written = keep_answers(run)
    return result_of(run) | {
        "generations": [str(each.generation.uid) for each in written],
        "completions": sum(each.completions for each in written),
        "empty": sum(each.empty for each in written),
    }
