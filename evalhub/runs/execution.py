"""Carrying a run out: the trainer as a subprocess, watched until it ends, its result stored.

Safe to run twice: an attempt goes on from the last valid checkpoint, and a run that was closed
stays as it is.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evalhub.common.errors import DomainError
from evalhub.common.files import file_store
from evalhub.jobs.beat import Beat
from evalhub.jobs.errors import JobCancelled, JobPaused, JobReturned, LeaseLost
from evalhub.jobs.events import announce
from evalhub.jobs.models import Job
from evalhub.jobs.workers import stopping
from evalhub.registry.endpoints import remember_bound
from evalhub.registry.models import ModelKind
from evalhub.registry.services import add_adapter, add_whole_model
from evalhub.runs.costs import labour_behind
from evalhub.runs.errors import RunFailed, StillLocked
from evalhub.runs.folder import WHOLE, drop_checkpoints, lay_out
from evalhub.runs.following import Follower
from evalhub.runs.handed_in import HandedIn, artifacts_of, handed_in
from evalhub.runs.models import TRAINING, Recipe, Run
from evalhub.runs.sameness import demand_same_code
from evalhub.runs.tidying import tidy_runs
from evalhub.runs.trainer import LOG, Trainer, environment_of
from training.contract import (
    EXIT_INTERRUPTED,
    EXIT_LOCKED,
    ContractError,
    RunResult,
    attempt_dir,
)
from training.launching import CANCEL_GRACE, LOOK_EVERY, ended_without_a_word

LOCKED_FOR = 90.0  # an abandoned trainer ends within its own grace of 30 s
ADAPTER = "adapter/"


def execute_run(job: Job, beat: Beat) -> Run:
    """Do the run of `job` and return it closed.

    Raises:
        RunFailed: the sentence says what went wrong and what to do.
        CannotRepeatRun: it repeats another one, and this machine has other versions.
        JobCancelled, JobReturned, LeaseLost: as for every job; the trainer is gone by then.
    """
    run = Run.objects.select_related("model", "workspace", "created_by", "repeats").get(job=job)
    if not run.is_closed:
        if (handed := handed_in(job)) is not None:
            _close_handed_in(run, handed, beat)
        else:
            _carry_out(run, attempt=job.attempt, beat=beat)
    drop_checkpoints(run)
    tidy_runs()  # whoever carries runs out has the disk; the clock's own look is at another machine's
    return run


def _carry_out(run: Run, *, attempt: int, beat: Beat) -> None:
    if run.repeats is not None:
        demand_same_code(run.repeats)
    folder = lay_out(run, beat.report)
    code = _train(run, folder, attempt=attempt, beat=beat)
    left = attempt_dir(folder, attempt)
    try:
        result = RunResult.read(left)
    except ContractError:
        result = RunResult(ok=False, error=ended_without_a_word(code))
    beat.report(note="storing results")
    stored = {path: _stored(folder / "artifacts" / path, beat) for path in sorted(result.artifacts)}
    _close(run, result, stored | {LOG: _stored(left / LOG, beat)}, beat)


def _close_handed_in(run: Run, handed: HandedIn, beat: Beat) -> None:
    try:
        _close(run, handed.result, artifacts_of(run, handed, beat), beat)
    except DomainError:
        drop_checkpoints(run)  # nobody goes on from here, and what was sent may hold people's words
        raise


def _train(run: Run, folder: Path, *, attempt: int, beat: Beat) -> int:
    """Start the trainer, again while an abandoned one still holds the directory's lock."""
    deadline = time.monotonic() + LOCKED_FOR
    while (code := _one_process(run, folder, attempt=attempt, beat=beat)) == EXIT_LOCKED:
        if time.monotonic() > deadline:
            raise StillLocked("Another trainer writes in this run's directory and does not end.")
        beat.report(note="waiting for an earlier trainer of this run to end")
    if code == EXIT_INTERRUPTED:
        raise JobReturned  # it was told to stop, and not by us: the next worker goes on
    return code


def _one_process(run: Run, folder: Path, *, attempt: int, beat: Beat) -> int:
    follower = Follower(run, folder, attempt=attempt, beat=beat)
    trainer = Trainer(folder, attempt=attempt, more=environment_of(run, folder))
    try:
        while (code := trainer.exit_code(within=LOOK_EVERY)) is None:
            follower.catch_up()
            if stopping.is_set():
                trainer.stop(beat=beat.report)
                follower.catch_up()  # the checkpoint it wrote last: the next worker goes on from it
                raise JobReturned
        follower.catch_up()
        return code
    except JobPaused:
        trainer.stop(beat=beat.report)
        follower.catch_up()
        raise
    except (JobCancelled, KeyboardInterrupt):
        trainer.stop(grace=CANCEL_GRACE)
        raise
    except LeaseLost:
        trainer.kill()
        raise
    finally:
        trainer.close()


def _close(run: Run, result: RunResult, artifacts: dict[str, dict[str, str]], beat: Beat) -> None:
    """Write the end in one fenced transaction; the files are stored already.

    Raises:
        RunFailed: the result says that it did not go well.
    """
    labour = labour_behind(run) if result.ok and run.recipe in TRAINING else None
    with beat.fenced():
        run.artifacts = artifacts
        run.metrics, run.environment = result.metrics, result.environment
        run.seconds = result.seconds
        run.labour = asdict(labour) if labour else {}
        if result.ok:
            _register_output(run)
            run.checkpoints = []
        run.save()
        asked = run.served or run.model
        if asked is not None and (bound := run.environment.get("endpoint_bounds_by")):
            remember_bound(model=asked, bounds_by=str(bound))
        if result.ok:
            announce("run.ended", run.uid, recipe=run.recipe, job=str(run.job.uid))
    if not result.ok:
        raise RunFailed(result.error)


def _stored(path: Path, beat: Beat) -> dict[str, str]:
    stored = file_store().put(path, beat=beat.report)
    return {"key": stored.key, "sha256": stored.sha256}


def _register_output(run: Run) -> None:
    """What was trained becomes a row of the registry: an adapter, or a base."""
    if run.recipe not in TRAINING or run.model is None:
        return
    below = WHOLE if run.trains_all else ADAPTER
    shared: dict[str, Any] = {
        "workspace": run.workspace,
        "name": f"{run.model.base.name}-{run.recipe}-{str(run.uid)[:8]}",
        "parent": run.model,
        "files": {
            path.removeprefix(below): file
            for path, file in run.artifacts.items()
            if path.startswith(below)
        },
        "facts": {"recipe": run.recipe, "run": str(run.uid)},
        "by": run.created_by,
    }
    if run.trains_all:
        run.output_model = add_whole_model(**shared)
        return
    kind = ModelKind.REWARD if run.recipe == Recipe.REWARD else ModelKind.ADAPTER
    run.output_model = add_adapter(**shared, kind=kind)


def result_of(run: Run) -> dict[str, Any]:
    """What a job that did this run returns."""
    made = run.output_model
    return {"run": str(run.uid), "metrics": run.metrics, "model": str(made.uid) if made else None}
