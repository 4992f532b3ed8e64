"""A worker that reaches only the API: it trains to the end, and what becomes of a run when it does not."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from evalhub.common.embedded.children import wait_until
from evalhub.common.supervisor.instance import Up
from tests.kills.conftest import said_by
from tests.kills.elsewhere import LABEL, elsewhere, token_for
from tests.kills.test_gpu_worker import ADAPTER, START, WITHIN, State, ended, state_of

pytestmark = pytest.mark.slow

START_ELSEWHERE = START.replace('recipe="sft",', f'recipe="sft", label="{LABEL}",')
STEPS_STORED = """
from evalhub.runs.models import RunEvent
rows = RunEvent.objects.filter(run__uid={run!r}, kind="metrics").order_by("attempt", "n")
print(sorted(int(body["step"]) for body in rows.values_list("body", flat=True) if "loss" in body))
"""


@pytest.fixture(scope="module")
def token(up: Up) -> str:
    made = said_by(
        up,
        "from evalhub.accounts.models import Workspace\n"
        "from evalhub.registry.services import found_workspace\n"
        "print(Workspace.objects.filter(slug='training').exists())",
    )
    if made == "False":
        said_by(up, START)  # its workspace and its build; a worker of the instance takes the run
    return token_for(up, "training", "rented")


@pytest.fixture(scope="module")
def undisturbed(up: Up, token: str, tmp_path_factory: pytest.TempPathFactory) -> State:
    """A run that a worker of the instance itself does, to compare weights with."""
    return ended(up, said_by(up, START))


def test_it_trains_to_the_end_and_the_weights_are_those_of_a_worker_of_ours(
    up: Up, token: str, undisturbed: State, tmp_path: Path
) -> None:
    run = said_by(up, START_ELSEWHERE)
    with elsewhere(up, token, tmp_path) as worker:
        wait_until(lambda: state_of(up, run).state != "queued", seconds=WITHIN)
        found = ended(up, run)
        assert (found.state, found.error) == ("succeeded", ""), worker.said
        assert worker.end(signal.SIGTERM) == 0
    assert found.artifacts[ADAPTER]["sha256"] == undisturbed.artifacts[ADAPTER]["sha256"]
    assert said_by(up, STEPS_STORED.format(run=run)) == str(list(range(1, 25)))
    assert list((tmp_path / "work").iterdir()) == [], "people's words are left on the rented disk"
