from __future__ import annotations

from evalhub.jobs.handlers import register
from evalhub.runs.jobs import execute, measure
from evalhub.runs.rewriting.jobs import rewrite
from evalhub.runs.rewriting.services import REWRITE
from evalhub.runs.scoring.jobs import score
from evalhub.runs.scoring.services import SCORE
from evalhub.runs.services import EXECUTE, MEASURE


def connect() -> None:
    register(EXECUTE, execute)
    register(MEASURE, measure)
    register(REWRITE, rewrite)
    register(SCORE, score)
