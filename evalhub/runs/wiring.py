from __future__ import annotations

from evalhub.jobs.handlers import register
from evalhub.runs.jobs import execute
from evalhub.runs.services import EXECUTE


def connect() -> None:
    register(EXECUTE, execute)
