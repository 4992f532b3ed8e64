from __future__ import annotations

from evalhub.datasets.trusting import trust_by
from evalhub.jobs.handlers import register
from evalhub.judges.jobs import judge, measure
from evalhub.judges.services import JUDGE, MEASURE
from evalhub.judges.trusting import demand_accepted


def connect() -> None:
    register(JUDGE, judge)
    register(MEASURE, measure)
    trust_by(demand_accepted)
