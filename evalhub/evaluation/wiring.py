from __future__ import annotations

from evalhub.evaluation.choices import BELIEVE, DECIDE, MEASURE, TRY
from evalhub.evaluation.jobs import answer, believe, decide, measure, try_gate
from evalhub.evaluation.trials.hearing import job_ended, judgment_counted
from evalhub.evaluation.trials.starting import ANSWER
from evalhub.jobs.events import subscribe
from evalhub.jobs.handlers import register


def connect() -> None:
    register(MEASURE, measure)
    register(DECIDE, decide)
    register(TRY, try_gate)
    register(BELIEVE, believe)
    register(ANSWER, answer)
    subscribe("job.ended", job_ended)
    subscribe("judgment.counted", judgment_counted)
