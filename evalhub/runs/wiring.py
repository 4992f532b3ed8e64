from __future__ import annotations

from evalhub.jobs.handlers import register
from evalhub.runs.generating.jobs import generate
from evalhub.runs.generating.services import GENERATE
from evalhub.runs.jobs import execute, measure
from evalhub.runs.rewriting.jobs import rewrite
from evalhub.runs.rewriting.services import REWRITE
from evalhub.runs.scoring.jobs import score
from evalhub.runs.scoring.services import SCORE
from evalhub.runs.services import EXECUTE, MEASURE


def connect() -> None:
    register(EXECUTE, execute)
    register(GENERATE, generate)
    register(MEASURE, measure)
    register(REWRITE, rewrite)
    register(SCORE, score)
