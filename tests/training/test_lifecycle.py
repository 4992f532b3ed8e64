"""How a run begins and ends, with the noop recipe."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import ROOT, start, until
from training.contract import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_LOCKED,
    EXIT_SUCCEEDED,
    LIFELINE_VARIABLE,
    attempt_dir,
    read_events,
)

WORKER = """
import os, subprocess, sys
read, write = os.pipe()
env = {**os.environ, "EVALHUB_LIFELINE_FD": str(read)}
trainer = subprocess.Popen([sys.executable, "-m", "training", sys.argv[1]], env=env, pass_fds=[read], start_new_session=True)
print(trainer.pid, flush=True)
trainer.wait()
"""


def has_begun(run: Run) -> bool:
    return bool(run.events("progress"))


def test_a_run_tells_its_steps_and_then_its_result(run: Run) -> None:
    result = run.ask("noop", options={"steps": 3}, seed=5).attempt()
    assert result.ok
    assert result.metrics == {"steps": 3.0}
    assert [body["done"] for body in run.events("progress")] == [1, 2, 3]
    assert [event.n for event in read_events(attempt_dir(run.folder, 1))] == [1, 2, 3, 4, 5, 6]
    assert list(result.artifacts) == ["noop.jsonl"]
    assert result.environment["seed"] == 5
    assert {"python", "libraries", "code", "hardware", "threads"} <= set(result.environment)


def test_what_a_person_can_fix_is_told_apart_from_a_bug(run: Run, another_run: Run) -> None:
    theirs = run.ask("noop", options={"fail": "Give me rows."}).attempt()
    ours = another_run.ask("noop", options={"fail": "internal"}).attempt()
    assert (theirs.ok, theirs.fault, theirs.error) == (False, "input", "Give me rows.")
    assert (ours.ok, ours.fault) == (False, "internal")


def test_a_spec_with_a_strange_field_fails_with_a_result(run: Run) -> None:
    run.ask("noop")
    (run.folder / "spec.json").write_text('{"recipe": "noop", "nonsense": 1}')
    result = run.attempt()
    assert (result.ok, result.fault) == (False, "input")
    assert "nonsense" in result.error


def test_an_input_that_was_changed_is_refused(run: Run) -> None:
    name = run.rows("train", [{"id": 1}])
    result = run.ask("noop", inputs={"train": name}, digests={"train": "0" * 64}).attempt()
    assert result.fault == "input"
    assert "changed" in result.error


def test_an_input_that_is_missing_is_named(run: Run) -> None:
    result = run.ask("noop", inputs={"train": "inputs/train.jsonl"}).attempt()
    assert result.fault == "input"
    assert "inputs/train.jsonl" in result.error


def test_numbers_of_events_go_on_after_a_half_written_line(run: Run) -> None:
    run.ask("noop", options={"steps": 1}).attempt()
    with (attempt_dir(run.folder, 1) / "events.jsonl").open("a") as stream:
        stream.write('{"n": 3, "at"')
    run.attempt()
    assert [event.n for event in read_events(attempt_dir(run.folder, 1))] == [1, 2, 3, 4]


def test_two_trainers_never_write_in_one_directory(run: Run) -> None:
    run.ask("noop")
    with (run.folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert start(run.folder).wait() == EXIT_LOCKED
    assert not (run.folder / "attempts").exists()
    assert start(run.folder, attempt=2).wait() == EXIT_SUCCEEDED
    assert run.result(2).ok


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert start(tmp_path / "nowhere").wait() == EXIT_FAILED


def test_told_to_stop_it_stops_without_a_result(run: Run) -> None:
    process = start(run.ask("noop", options={"steps": 100_000, "pause": 0.02}).folder)
    until(lambda: has_begun(run), process)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == EXIT_INTERRUPTED
    assert not (attempt_dir(run.folder, 1) / "result.json").exists()


def test_it_ends_when_its_lifeline_closes(run: Run) -> None:
    read, write = os.pipe()
    run.ask("noop", options={"steps": 100_000, "pause": 0.02})
    process = start(run.folder, env={LIFELINE_VARIABLE: str(read)}, pass_fds=[read])
    os.close(read)
    until(lambda: has_begun(run), process)
    os.close(write)
    assert process.wait() == EXIT_INTERRUPTED


def test_no_trainer_outlives_its_killed_worker(run: Run) -> None:
    """The lock is free again only when the trainer is gone."""
    run.ask("noop", options={"steps": 100_000, "pause": 0.02})
    command = [sys.executable, "-c", WORKER, str(run.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as worker:
        until(lambda: has_begun(run), worker)
        worker.kill()
    with (run.folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


@pytest.mark.parametrize("allowed, offline", [("1", "0"), ("0", "1")])
@pytest.mark.parametrize(
    "asked",
    [
        {"recipe": "noop", "model": "owner/name"},
        {"recipe": "evaluate", "model": "/a/folder", "options": {"harness": ["arc_easy"]}},
    ],
)
def test_the_hub_is_reached_only_when_allowed(
    asked: dict[str, Any], allowed: str, offline: str
) -> None:
    """By a model of the hub, and by a task for its data, never for a metric's Python."""
    from training.contract import RunSpec
    from training.environment import seal

    environ = {"EVALHUB_ALLOW_HUB": allowed}
    seal(RunSpec(**asked), environ)
    assert environ["HF_HUB_OFFLINE"] == environ["HF_DATASETS_OFFLINE"] == offline
    assert environ["HF_EVALUATE_OFFLINE"] == "1"
    assert environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


def test_a_noop_run_needs_no_torch(run: Run) -> None:
    code = "import sys; from pathlib import Path; from training.__main__ import main; main(Path(sys.argv[1])); sys.exit('torch' in sys.modules)"
    run.ask("noop")
    assert subprocess.run([sys.executable, "-c", code, str(run.folder)], cwd=ROOT).returncode == 0
