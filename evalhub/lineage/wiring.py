from __future__ import annotations

from evalhub.jobs.handlers import register
from evalhub.lineage.erasing import erase_member
from evalhub.lineage.services import ERASE


def connect() -> None:
    register(ERASE, erase_member)
