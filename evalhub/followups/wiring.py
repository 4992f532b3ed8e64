from __future__ import annotations

from evalhub.followups.choices import ANSWER, SUM_UP
from evalhub.followups.hearing import campaign_closed, job_ended, judgment_counted
from evalhub.followups.jobs import answer, sum_up
from evalhub.jobs.events import subscribe
from evalhub.jobs.handlers import register


def connect() -> None:
    register(ANSWER, answer)
    register(SUM_UP, sum_up)
    subscribe("job.ended", job_ended)
    subscribe("judgment.counted", judgment_counted)
    subscribe("campaign.closed", campaign_closed)
