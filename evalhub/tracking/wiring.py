from __future__ import annotations

from evalhub.jobs.events import subscribe
from evalhub.jobs.handlers import register
from evalhub.tracking.jobs import send_track
from evalhub.tracking.services import SEND, heard


def connect() -> None:
    register(SEND, send_track)
    subscribe("job.ended", heard)
