"""The trainer's process with this instance's settings, and the secrets that its run alone may see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from evalhub.registry.endpoints import key_of
from evalhub.runs.folder import endpoint_of
from evalhub.runs.models import Run
from training import launching
from training.contract import ENDPOINT_KEY_VARIABLE, PRIVATE_VARIABLE

LOG = launching.LOG


class Trainer(launching.Trainer):
    def __init__(self, run_dir: Path, *, attempt: int, more: Mapping[str, str]) -> None:
        super().__init__(run_dir, attempt=attempt, allow_hub=settings.EVALHUB_ALLOW_HUB, more=more)


def environment_of(run: Run) -> dict[str, str]:
    """What the process is given besides: where a server writes the answers, its key, read now.

    Raises:
        CannotUnseal: the key was sealed with one that is no longer there.
    """
    endpoint = endpoint_of(run)
    if endpoint is None:
        return {}
    given = {PRIVATE_VARIABLE: ",".join(settings.EVALHUB_ENDPOINT_PRIVATE)}
    return given | ({ENDPOINT_KEY_VARIABLE: key_of(endpoint)} if endpoint.has_key else {})
