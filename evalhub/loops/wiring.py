from __future__ import annotations

from evalhub.jobs.events import subscribe
from evalhub.jobs.handlers import register
from evalhub.loops.jobs import generate, open_next_campaign
from evalhub.loops.steps.answering import GENERATE, OPEN_CAMPAIGN
from evalhub.loops.turning import heard


def connect() -> None:
    register(GENERATE, generate)
    register(OPEN_CAMPAIGN, open_next_campaign)
    subscribe("job.ended", heard)
    subscribe("sweep.ended", heard)
    subscribe("trial.ended", heard)
