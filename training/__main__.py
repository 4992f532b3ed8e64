"""python -m training RUN_DIR: read spec.json, do the work, write result.json last."""

from __future__ import annotations

import importlib
import os
import sys
import time
import traceback
import warnings
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from training import environment
from training.artifacts import inventory
from training.attempt import Attempt, exclusive
from training.contract import (
    ATTEMPT_VARIABLE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_LOCKED,
    EXIT_SUCCEEDED,
    RANK_VARIABLE,
    ContractError,
    Fault,
    RunResult,
    RunSpec,
    attempt_dir,
)
from training.errors import InputError, Interrupted
from training.events import EventLog
from training.stopping import Stop, end_with_first, stop_on_term, stop_with_worker
from training.world import room_of, together


def main(run_dir: Path) -> int:
    """Prepare this process, then carry the run out."""
    # TRL 1.16 reads the old name at every step
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated")
    stop = Stop()
    if _rank():
        end_with_first(os.environ)
    else:
        stop_on_term(stop)
        stop_with_worker(stop, os.environ)
    return carry_out(run_dir, number=int(os.environ.get(ATTEMPT_VARIABLE, "1")), stop=stop)


def carry_out(run_dir: Path, *, number: int, stop: Stop) -> int:
    """Make attempt `number`; returns the exit code that the contract names."""
    if not run_dir.is_dir():
        sys.stderr.write(f"There is no run directory {run_dir}.\n")
        return EXIT_FAILED
    rank = _rank()
    lock = nullcontext(enter_result=True) if rank else exclusive(run_dir / "lock")
    with lock as ours:
        if not ours:
            sys.stderr.write(f"Another trainer works in {run_dir}.\n")
            return EXIT_LOCKED
        folder = attempt_dir(run_dir, number)
        folder = room_of(folder, rank) if rank else folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RunResult.FILE).unlink(missing_ok=True)  # of an earlier start by hand
        begun = time.monotonic()
        try:
            result = _attempt(run_dir, folder, number=number, stop=stop)
        except Interrupted:
            sys.stderr.write("Stopped as asked; the run can go on from its last checkpoint.\n")
            return EXIT_INTERRUPTED
        replace(result, seconds=round(time.monotonic() - begun, 3)).write(folder)
        return EXIT_SUCCEEDED if result.ok else EXIT_FAILED


def _attempt(run_dir: Path, folder: Path, *, number: int, stop: Stop) -> RunResult:
    try:
        spec = RunSpec.read(run_dir)
    except ContractError as refused:
        return RunResult(ok=False, error=f"The run's spec cannot be used: {refused}", fault="input")
    environment.seal(spec, os.environ)
    events = EventLog(folder)
    room = folder if _rank() else None
    attempt = Attempt(spec=spec, run_dir=run_dir, events=events, stop=stop, room=room)
    attempt.environment.update(environment.describe(spec))
    try:
        return _work(attempt, attempt_dir(run_dir, number))
    finally:
        events.close()


def _work(attempt: Attempt, folder: Path) -> RunResult:
    try:
        attempt.verify_inputs()
        attempt.artifacts.mkdir(exist_ok=True)
        recipe = importlib.import_module(f"training.recipes.{attempt.spec.recipe}")
        size = attempt.spec.options.get("devices", 1)
        with together(attempt.run_dir, folder, rank=_rank(), size=size) as attempt.world:
            metrics = recipe.run(attempt)
    except InputError as wrong:
        if wrong.code:
            attempt.find(wrong.code, str(wrong), stops=True)
        return _failure(attempt, str(wrong), fault="input")
    except Interrupted:
        raise
    except Exception as bug:
        traceback.print_exc()
        sentence = f"The trainer failed ({type(bug).__name__}); the log tells where."
        return _failure(attempt, sentence, fault="internal")
    return RunResult(
        ok=True,
        metrics=metrics,
        artifacts=inventory(attempt.artifacts),
        environment=attempt.environment,
        findings=[each.as_json() for each in attempt.findings],
    )


def _rank() -> int:
    return int(os.environ.get(RANK_VARIABLE, "0"))


def _failure(attempt: Attempt, error: str, *, fault: Fault) -> RunResult:
    return RunResult(
        ok=False,
        environment=attempt.environment,
        findings=[each.as_json() for each in attempt.findings],
        error=error,
        fault=fault,
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m training RUN_DIR")
    sys.exit(main(Path(sys.argv[1]).resolve()))
