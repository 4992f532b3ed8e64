from __future__ import annotations

from evalhub.evaluation.choices import BELIEVE, DECIDE, MEASURE, PEOPLE, TRY
from evalhub.evaluation.hearing import figures_read
from evalhub.evaluation.jobs import answer, believe, decide, measure, people, try_gate
from evalhub.evaluation.trials.hearing import job_ended, judgment_counted, trial_ended
from evalhub.evaluation.trials.starting import ANSWER
from evalhub.jobs.events import subscribe
from evalhub.jobs.handlers import register


def connect() -> None:
    register(MEASURE, measure)
    register(DECIDE, decide)
    register(TRY, try_gate)
    register(BELIEVE, believe)
    register(PEOPLE, people)
    register(ANSWER, answer)
    subscribe("figures.read", figures_read)
    subscribe("job.ended", job_ended)
    subscribe("judgment.counted", judgment_counted)
    subscribe("trial.ended", trial_ended)
