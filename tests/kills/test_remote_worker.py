"""A worker that reaches only the API: what becomes of its run when it is killed, stopped, or told to go."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest

from evalhub.common.embedded.children import wait_until
from evalhub.common.supervisor.instance import Up
from tests.kills.conftest import said_by
from tests.kills.elsewhere import LABEL, Elsewhere, elsewhere, token_for
from tests.kills.test_gpu_worker import (
    ADAPTER,
    GROUND,
    START,
    WITHIN,
    State,
    ended,
    state_of,
    undisturbed,
)

__all__ = ["undisturbed"]  # a fixture
pytestmark = pytest.mark.slow

START_ELSEWHERE = START.replace('recipe="sft",', f'recipe="sft", label="{LABEL}",')
START_NOOP = f"""
from evalhub.accounts.models import Workspace
from evalhub.runs.services import start_run

workspace = Workspace.objects.get(slug="training")
options = {{"steps": 1000, "pause": 0.1}}
print(start_run(workspace=workspace, recipe="noop", options=options, label="{LABEL}").uid)
"""
CANCEL = """
from evalhub.jobs.services import cancel_job
from evalhub.runs.models import Run
print(cancel_job(job=Run.objects.get(uid={run!r}).job, by=None).state)
"""
STEPS = """
from evalhub.runs.models import RunEvent
rows = RunEvent.objects.filter(run__uid={run!r}, kind="metrics", body__has_key="loss")
steps = [int(step) for step in rows.order_by("attempt", "n").values_list("body__step", flat=True)]
print(sorted(set(steps)), rows.filter(attempt=2).order_by("n").first().body["step"] > 1)
"""


@pytest.fixture(scope="module")
def token(up: Up) -> str:
    said_by(up, GROUND)
    return token_for(up, "training", "rented")


def trainers_of(worker: Elsewhere) -> list[psutil.Process]:
    return psutil.Process(worker.process.pid).children(recursive=True)


def begun(up: Up, run: str) -> None:
    begins = (
        "SELECT count(*) FROM runs_runevent e JOIN runs_run r ON r.id = e.run_id WHERE r.uid = %s"
    )

    def has_begun() -> bool:
        with up.connect() as connection:
            row = connection.execute(begins, [run]).fetchone()
        return row is not None and row[0] > 0

    assert wait_until(has_begun, seconds=WITHIN)


@pytest.mark.long  # what it rests on is tested door by door in tests/evalhub/remote
def test_a_run_whose_worker_was_killed_is_ended_by_another_with_the_same_weights(
    up: Up, undisturbed: State, token: str, tmp_path: Path
) -> None:
    """Neither has a database, a broker or a file of the instance; both fetch the base model.

    Each step stands in the curve, and the second goes on where the first left off.
    """
    run = said_by(up, START_ELSEWHERE)
    with elsewhere(up, token, tmp_path / "first") as first:
        wait_until(lambda: state_of(up, run).checkpoints > 0, seconds=WITHIN)
        trainers = trainers_of(first)
        first.end(signal.SIGKILL)
        assert psutil.wait_procs(trainers, timeout=40)[1] == [], "a trainer outlives its worker"
    with elsewhere(up, token, tmp_path / "second") as second:
        found = ended(up, run)
        assert second.end(signal.SIGTERM) == 0
    assert (found.state, found.error, found.attempt) == ("succeeded", "", 3), second.said
    assert found.artifacts[ADAPTER]["sha256"] == undisturbed.artifacts[ADAPTER]["sha256"]
    assert said_by(up, STEPS.format(run=run)) == f"{[*range(1, 25)]} True"
    assert [*(tmp_path / "second" / "work").iterdir()] == [], "rows are left on the rented disk"


def test_a_person_who_cancels_on_the_page_reaches_it(up: Up, token: str, tmp_path: Path) -> None:
    with elsewhere(up, token, tmp_path) as worker:
        run = said_by(up, START_NOOP)
        begun(up, run)
        assert said_by(up, CANCEL.format(run=run)) == "running"
        assert ended(up, run).state == "cancelled", worker.said
        assert wait_until(lambda: not trainers_of(worker), seconds=WITHIN)


@pytest.mark.long
def test_one_that_was_out_of_reach_stops_its_trainer_and_says_so(
    up: Up, token: str, tmp_path: Path
) -> None:
    with elsewhere(up, token, tmp_path / "first") as first:
        run = said_by(up, START_NOOP)
        begun(up, run)
        first.process.send_signal(signal.SIGSTOP)
        with elsewhere(up, token, tmp_path / "second") as second:
            wait_until(lambda: state_of(up, run).attempt == 2, seconds=WITHIN)
            first.process.send_signal(signal.SIGCONT)
            assert wait_until(lambda: "the lease is lost" in first.said, seconds=WITHIN)
            assert trainers_of(first) == []
            assert trainers_of(second) != []
            said_by(up, CANCEL.format(run=run))
            assert ended(up, run).state == "cancelled"


@pytest.mark.long
def test_one_that_is_told_to_go_hands_the_run_back_at_once(
    up: Up, token: str, tmp_path: Path
) -> None:
    """As a queue of batch jobs does before the time is up."""
    run = said_by(up, START_ELSEWHERE)
    with elsewhere(up, token, tmp_path / "first") as first:
        wait_until(lambda: state_of(up, run).checkpoints > 0, seconds=WITHIN)
        assert first.end(signal.SIGTERM) == 0
        assert "handed back" in first.said
    assert state_of(up, run).state == "queued"
    with elsewhere(up, token, tmp_path / "second"):
        assert ended(up, run).state == "succeeded"
