"""How far a rewriting is, for pages, the API and commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from evalhub.runs.models import Rewriting, Run
from evalhub.runs.rewriting.asking import DROPPED


@dataclass(frozen=True)
class Told:
    rewriting: Rewriting
    runs: list[Run]
    job: Job  # of the last run
    dropped: list[tuple[str, int]]  # why, and how many

    @property
    def is_over(self) -> bool:
        """Between two runs it is not: the first has succeeded, and the second is queued with its end."""
        ended = self.job.is_ended and self.job.state != JobState.SUCCEEDED
        return ended or self.rewriting.made is not None


def told_of(rewriting: Rewriting) -> Told:
    runs = [run for run in (rewriting.first, rewriting.second) if run is not None]
    dropped = [(why, rewriting.dropped[name]) for name, why in DROPPED.items() if name in rewriting.dropped]  # fmt: skip
    return Told(rewriting, runs, runs[-1].job, dropped)


def rewriting_summary(rewriting: Rewriting) -> dict[str, Any]:
    told = told_of(rewriting)
    return {
        "rewriting": str(rewriting.uid),
        "way": rewriting.way,
        "collection": rewriting.source.slug,
        "target": rewriting.target.slug,
        "runs": [str(run.uid) for run in told.runs],
        "state": told.job.state,
        "error": told.job.error,
        "made": rewriting.made,
        "dropped": rewriting.dropped,
    }
