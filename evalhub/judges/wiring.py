from __future__ import annotations

from evalhub.datasets.trusting import trust_by
from evalhub.jobs.events import subscribe
from evalhub.jobs.handlers import register
from evalhub.judges.choices import KEEP
from evalhub.judges.hearing import job_ended
from evalhub.judges.jobs import judge, keep, measure
from evalhub.judges.services import JUDGE, MEASURE
from evalhub.judges.trusting import demand_accepted


def connect() -> None:
    register(JUDGE, judge)
    register(MEASURE, measure)
    register(KEEP, keep)
    subscribe("job.ended", job_ended)
    trust_by(demand_accepted)
