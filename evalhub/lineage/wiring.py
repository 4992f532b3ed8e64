from __future__ import annotations

from evalhub.jobs.events import subscribe
from evalhub.jobs.handlers import register
from evalhub.lineage.erasing import erase_member
from evalhub.lineage.merging import LOOK, look_at_merges, look_soon
from evalhub.lineage.services import ERASE


def connect() -> None:
    register(ERASE, erase_member)
    register(LOOK, look_at_merges)
    subscribe("group.lost_its_split", look_soon)
