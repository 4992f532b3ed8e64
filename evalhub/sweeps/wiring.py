from __future__ import annotations

from evalhub.jobs.events import subscribe
from evalhub.sweeps.turning import heard


def connect() -> None:
    subscribe("job.ended", heard)
    subscribe("sweep.started", heard)
