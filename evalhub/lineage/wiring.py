from __future__ import annotations

from evalhub.jobs.events import subscribe
from evalhub.jobs.handlers import register
from evalhub.lineage.contamination import check_contamination
from evalhub.lineage.erasing import erase_member
from evalhub.lineage.merging import LOOK, look_at_merges, look_soon
from evalhub.lineage.services import CHECK, ERASE


def connect() -> None:
    register(ERASE, erase_member)
    register(CHECK, check_contamination)
    register(LOOK, look_at_merges)
    subscribe("group.lost_its_split", look_soon)
