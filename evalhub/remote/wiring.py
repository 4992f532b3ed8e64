from __future__ import annotations

from evalhub.jobs.handlers import register
from evalhub.remote.jobs import read_base
from evalhub.remote.services import READ_BASE


def connect() -> None:
    register(READ_BASE, read_base)
