from __future__ import annotations

from evalhub.evaluation.jobs import decide, measure
from evalhub.evaluation.services import DECIDE, MEASURE
from evalhub.jobs.handlers import register


def connect() -> None:
    register(MEASURE, measure)
    register(DECIDE, decide)
