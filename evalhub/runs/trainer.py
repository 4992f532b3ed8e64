"""The trainer's process with this instance's settings, and the secrets that its run alone may see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from evalhub.registry.endpoints import key_of, server_of
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import Stage
from evalhub.runs.folder import endpoint_of
from evalhub.runs.models import Run
from training import launching
from training.contract import ENDPOINT_KEY_VARIABLE, PRIVATE_VARIABLE, EndpointSpec, RunSpec

LOG = launching.LOG


class Trainer(launching.Trainer):
    def __init__(self, run_dir: Path, *, attempt: int, more: Mapping[str, str]) -> None:
        super().__init__(run_dir, attempt=attempt, allow_hub=settings.EVALHUB_ALLOW_HUB, more=more)


def environment_of(run: Run, folder: Path) -> dict[str, str]:
    """What the process is given besides: where a server writes the answers, its key, read now.

    Args:
        folder: of the run, with the spec that says which server is asked.

    Raises:
        CannotRun: the endpoint is retired, or another server by now, which the key is for.
        CannotUnseal: the key was sealed with one that is no longer there.
    """
    endpoint = endpoint_of(run)
    if endpoint is None:
        return {}
    told = EndpointSpec.of(RunSpec.read(folder).endpoint)
    if endpoint.model.stage == Stage.RETIRED or server_of(told.url) != server_of(endpoint.url):
        raise CannotRun(
            f"“{endpoint.model}” was retired, or is another server than this run was made for: start a new run."
        )
    given = {PRIVATE_VARIABLE: ",".join(settings.EVALHUB_ENDPOINT_PRIVATE)}
    return given | ({ENDPOINT_KEY_VARIABLE: key_of(endpoint)} if endpoint.has_key else {})
