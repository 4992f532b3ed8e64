from __future__ import annotations

from evalhub.jobs.events import subscribe
from evalhub.webhooks.choices import EVENTS
from evalhub.webhooks.jobs import heard


def connect() -> None:
    for event in EVENTS:
        subscribe(event, heard)
