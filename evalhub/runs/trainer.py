"""The trainer's process with this instance's settings."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from training import launching

LOG = launching.LOG


class Trainer(launching.Trainer):
    def __init__(self, run_dir: Path, *, attempt: int) -> None:
        super().__init__(run_dir, attempt=attempt, allow_hub=settings.EVALHUB_ALLOW_HUB)
