"""The worker that trains is killed with -9 in the middle of a run: resumed, with the same weights."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import LiteralString, NamedTuple

import pytest

from evalhub.common.embedded.children import wait_until
from evalhub.common.supervisor.instance import Up
from tests.kills.conftest import said_by

pytestmark = pytest.mark.slow

ROWS, STEPS = 64, 24
WITHIN = 240.0  # seconds for a run on a loaded machine

# the same rows, seed and threads each time, so that undisturbed runs are equal to the bit
GROUND = """
from django.conf import settings
from evalhub.accounts.models import Workspace
from evalhub.accounts.services import create_workspace
from evalhub.registry.services import add_base_model

workspace = Workspace.objects.filter(slug="training").first()
if workspace is None:
    workspace = create_workspace(slug="training", name="Training")
    add_base_model(workspace=workspace, name="demo", source=settings.EVALHUB_BASE_MODEL)
"""
START = f"""
{GROUND}
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.models import LanguageModel
from evalhub.runs.services import start_training
from tests.evalhub.runs.scenes import built

run = start_training(
    workspace=workspace,
    recipe="sft",
    model=LanguageModel.objects.get(workspace=workspace, name="demo"),
    build=DatasetBuild.objects.first() or built(workspace, "sft", train={ROWS}, test=0),
    options={{"max_steps": {STEPS}, "checkpoint_every": 4, "learning_rate": 0.001}},
)
print(run.uid)
"""
STATE: LiteralString = """
    SELECT j.state, j.attempt, j.error, jsonb_array_length(r.checkpoints), r.artifacts
    FROM runs_run r JOIN jobs_job j ON j.id = r.job_id WHERE r.uid = %s
"""
ADAPTER = "adapter/adapter_model.safetensors"


class State(NamedTuple):
    state: str
    attempt: int
    error: str
    checkpoints: int
    artifacts: dict[str, dict[str, str]]


def state_of(up: Up, run: str) -> State:
    with up.connect() as connection:
        row = connection.execute(STATE, [run]).fetchone()
    assert row is not None
    return State(*row)


def ended(up: Up, run: str) -> State:
    wait_until(lambda: state_of(up, run).state not in ("queued", "running"), seconds=WITHIN)
    return state_of(up, run)


def moments(folder: Path) -> list[str]:
    """When each event of an attempt was written, to the millisecond."""
    return [json.loads(line)["at"] for line in (folder / "events.jsonl").read_text().splitlines()]


def first_step(folder: Path) -> int:
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return next(int(event["body"]["step"]) for event in events if event["kind"] == "metrics")


def last_step(folder: Path) -> int:
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return max(int(event["body"]["step"]) for event in events if event["kind"] == "metrics")


@pytest.fixture(scope="package")
def undisturbed(up: Up) -> State:
    """A run that nothing happens to, whose weights the others must have."""
    found = ended(up, said_by(up, START))
    assert found.state == "succeeded", found.error
    return found


def test_a_killed_worker_costs_no_step_no_second_writer_and_no_bit(
    up: Up, undisturbed: State
) -> None:
    run = said_by(up, START)
    wait_until(lambda: state_of(up, run).checkpoints > 0, seconds=WITHIN)
    os.kill(up.started("worker-gpu").pid, signal.SIGKILL)
    resumed = ended(up, run)

    assert (resumed.state, resumed.error) == ("succeeded", "")
    assert resumed.attempt == 2
    attempts = up.place.root / "runs" / run / "attempts"
    assert first_step(attempts / "2") > 1, "it began anew instead of going on"
    assert not (attempts / "1" / "result.json").exists()
    assert moments(attempts / "1")[-1] <= moments(attempts / "2")[0], "two trainers wrote at once"
    assert resumed.artifacts[ADAPTER]["sha256"] == undisturbed.artifacts[ADAPTER]["sha256"]


@pytest.mark.long  # test_execution hands one back as well
def test_a_worker_told_to_go_hands_its_run_back_at_once(up: Up) -> None:
    """TERM, as a deployment sends it: nothing is lost, not even the step under way."""
    run = said_by(up, START)
    wait_until(lambda: state_of(up, run).checkpoints > 0, seconds=WITHIN)
    os.kill(up.started("worker-gpu").pid, signal.SIGTERM)
    resumed = ended(up, run)

    assert (resumed.state, resumed.error, resumed.attempt) == ("succeeded", "", 2)
    attempts = up.place.root / "runs" / run / "attempts"
    assert first_step(attempts / "2") == last_step(attempts / "1") + 1
    assert (
        said_by(
            up,
            f"from evalhub.runs.models import Run; print(Run.objects.get(uid={run!r}).job.deaths)",
        )
        == "0"
    )
