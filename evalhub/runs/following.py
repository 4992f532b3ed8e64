"""From the trainer's events to the database: progress, curves, findings, checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

import structlog

from evalhub.common.files import file_store
from evalhub.jobs.beat import Beat
from evalhub.runs.folder import checkpoint_prefix
from evalhub.runs.models import Run, RunEvent
from training.contract import Event, attempt_dir, read_on

log = structlog.get_logger(__name__)

# progress stands on the job
STORED = ("metrics", "finding", "checkpoint", "sample", "preview", "forecast", "probe")
KEEP = 2  # checkpoints in the file store


class Progress(TypedDict, total=False):
    done: int
    total: int
    note: str


class Follower:
    """Reads one attempt's events as they come."""

    def __init__(self, run: Run, run_dir: Path, *, attempt: int, beat: Beat) -> None:
        self._run, self._run_dir, self._attempt, self._beat = run, run_dir, attempt, beat
        self._end = 0  # of what was read, in bytes
        self._progress = Progress()

    def catch_up(self) -> None:
        """Store what is new and renew the lease; raises what Beat.report raises."""
        told = read_on(attempt_dir(self._run_dir, self._attempt), at=self._end)
        events = told.events
        store_events(self._run, self._attempt, events)
        self._end = told.end
        self._progress = progress_in(events) or self._progress
        self._beat.report(**self._progress)
        if checkpoints := [event for event in events if event.kind == "checkpoint"]:
            self._keep(self._run_dir / str(checkpoints[-1].body["path"]))

    def _keep(self, checkpoint: Path) -> None:
        """Copy a checkpoint to the file store, so that another machine can go on from it."""
        try:
            files = {
                path.relative_to(checkpoint).as_posix(): self._stored(path)
                for path in sorted(checkpoint.rglob("*"))
                if path.is_file()
            }
        except FileNotFoundError:
            log.info("run.checkpoint_replaced", run=str(self._run.uid), checkpoint=checkpoint.name)
            return  # the trainer keeps two and has moved on: a newer one comes
        record_checkpoint(self._run, name=checkpoint.name, files=files, beat=self._beat)

    def _stored(self, path: Path) -> dict[str, str]:
        stored = file_store().put(path, under=checkpoint_prefix(self._run), beat=self._beat.report)
        return {"key": stored.key, "sha256": stored.sha256}


def store_events(run: Run, attempt: int, events: Sequence[Event]) -> None:
    """Keyed by attempt and number, so that storing twice or late does no harm."""
    rows = [
        RunEvent(
            run=run,
            attempt=attempt,
            n=event.n,
            at=datetime.fromisoformat(event.at),
            kind=event.kind,
            body=event.body,
        )
        for event in events
        if event.kind in STORED
    ]
    RunEvent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def progress_in(events: Sequence[Event]) -> Progress:
    """What the last of them that tells of progress says; nothing where none does."""
    told = [event.body for event in events if event.kind == "progress"]
    if not told:
        return Progress()
    return Progress(done=told[-1]["done"], total=told[-1]["total"], note=told[-1]["note"])


def record_checkpoint(run: Run, *, name: str, files: dict[str, dict[str, str]], beat: Beat) -> None:
    """Name a checkpoint whose files are stored, and delete those of older ones that no newer one needs."""
    with beat.fenced():
        run.refresh_from_db(fields=["checkpoints"])
        before = [each for each in run.checkpoints if each["name"] != name]
        run.checkpoints = [*before, {"name": name, "files": files}][-KEEP:]
        run.save(update_fields=["checkpoints"])
    needed = _keys(run.checkpoints)
    for key in sorted(_keys(before[: 1 - KEEP]) - needed):
        file_store().delete(key)


def _keys(checkpoints: list[dict[str, Any]]) -> set[str]:
    return {file["key"] for each in checkpoints for file in each["files"].values()}
