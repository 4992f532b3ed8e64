from __future__ import annotations

from typing import Any
from uuid import UUID

from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.prompts.services.scored import record_scores
from evalhub.runs.execution import execute_run, result_of
from evalhub.runs.inputs import read_rows


def score(job: Job, beat: Beat) -> dict[str, Any]:
    """Carry a scoring run out and keep what it gave; safe to run twice."""
    run = execute_run(job, beat)
    assert run.model is not None  # noqa: S101  start_scoring names one
    given = read_rows(run.artifacts["scores.jsonl"]["key"])
    scores = {UUID(row["id"]): float(row["score"]) for row in given}
    with beat.fenced():
        record_scores(model=run.model, run_uid=run.uid, scores=scores)
    return result_of(run) | {"scores": len(scores)}
