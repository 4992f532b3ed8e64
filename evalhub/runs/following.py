"""From the trainer's events to the database: progress, curves, findings, checkpoints."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from evalhub.common.files import file_store
from evalhub.jobs.beat import Beat
from evalhub.runs.folder import checkpoint_prefix
from evalhub.runs.models import Run, RunEvent
from training.contract import Event, attempt_dir, read_events

log = structlog.get_logger(__name__)

# progress stands on the job
STORED = ("metrics", "finding", "checkpoint", "sample", "preview", "forecast")
KEEP = 2  # checkpoints in the file store


class Follower:
    """Reads one attempt's events as they come."""

    def __init__(self, run: Run, run_dir: Path, *, attempt: int, beat: Beat) -> None:
        self._run, self._run_dir, self._attempt, self._beat = run, run_dir, attempt, beat
        self._seen = 0
        self._progress: dict[str, Any] = {}

    def catch_up(self) -> None:
        """Store what is new and renew the lease; raises what Beat.report raises."""
        events = list(read_events(attempt_dir(self._run_dir, self._attempt), after=self._seen))
        self._store([event for event in events if event.kind in STORED])
        self._seen += len(events)
        for event in events:
            if event.kind == "progress":
                self._progress = event.body
        self._beat.report(
            done=self._progress.get("done"),
            total=self._progress.get("total"),
            note=self._progress.get("note"),
        )
        if checkpoints := [event for event in events if event.kind == "checkpoint"]:
            self._keep(self._run_dir / str(checkpoints[-1].body["path"]))

    def _store(self, events: list[Event]) -> None:
        """Keyed by attempt and number, so that storing twice or late does no harm."""
        rows = [
            RunEvent(
                run=self._run,
                attempt=self._attempt,
                n=event.n,
                at=datetime.fromisoformat(event.at),
                kind=event.kind,
                body=event.body,
            )
            for event in events
        ]
        RunEvent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)

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
        entry = {"name": checkpoint.name, "files": files}
        with self._beat.fenced():
            self._run.refresh_from_db(fields=["checkpoints"])
            before = [each for each in self._run.checkpoints if each["name"] != checkpoint.name]
            self._run.checkpoints = [*before, entry][-KEEP:]
            self._run.save(update_fields=["checkpoints"])
        needed = _keys(self._run.checkpoints)
        for key in sorted(_keys(before[: 1 - KEEP]) - needed):
            file_store().delete(key)

    def _stored(self, path: Path) -> dict[str, str]:
        stored = file_store().put(path, under=checkpoint_prefix(self._run), beat=self._beat.report)
        return {"key": stored.key, "sha256": stored.sha256}


def _keys(checkpoints: list[dict[str, Any]]) -> set[str]:
    return {file["key"] for each in checkpoints for file in each["files"].values()}
