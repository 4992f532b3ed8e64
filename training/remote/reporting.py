"""From one attempt's directory to evalhub: events in numbered batches, checkpoints, what is left at the end."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.artifacts import sha256_of
from training.contract import ContractError, Event, RunResult, attempt_dir, read_on
from training.launching import LOG, ended_without_a_word
from training.names import is_in_checkpoint
from training.remote.client import patiently
from training.remote.lease import Lease

BATCH = 200  # events; the same ones again change nothing
MOST_LOG = 50 * 2**20  # bytes; of a longer log the end is sent


class Reporter:
    """Sends what is new; each call raises what `lease.check` raises."""

    def __init__(self, lease: Lease, run_dir: Path) -> None:
        self._lease, self._run_dir = lease, run_dir
        self._attempt = attempt_dir(run_dir, lease.attempt)
        self._end = 0  # of what was sent, in bytes

    def catch_up(self) -> None:
        events, end = read_on(self._attempt, at=self._end)
        for start in range(0, len(events), BATCH):
            self._send(events[start : start + BATCH])
        self._end = end
        if written := [event for event in events if event.kind == "checkpoint"]:
            self._send_checkpoint(self._run_dir / str(written[-1].body["path"]))

    def hand_in(self, code: int) -> None:
        """The result, the artifacts and the log; `code` is the trainer's exit code."""
        try:
            result = RunResult.read(self._attempt)
        except ContractError:
            result = RunResult(ok=False, error=ended_without_a_word(code))
        places = {path: self._run_dir / "artifacts" / path for path in result.artifacts}
        files = self._send_files(places | {LOG: _end_of(self._attempt / LOG)})
        self._post("end", {"result": asdict(result), "files": files})

    def fail(self, sentence: str) -> None:
        """Of a run that could not begin."""
        result = RunResult(ok=False, error=sentence, fault="input")
        self._post("end", {"result": asdict(result), "files": {}})

    def _send(self, events: list[Event]) -> None:
        told = [asdict(event) for event in events]
        patiently(lambda: self._lease.renew(told), check=self._lease.check_lease)

    def _send_checkpoint(self, checkpoint: Path) -> None:
        found = (path for path in sorted(checkpoint.rglob("*")) if path.is_file())
        places = {path.relative_to(checkpoint).as_posix(): path for path in found}
        try:
            files = self._send_files(
                {p: local for p, local in places.items() if is_in_checkpoint(p)}
            )
        except FileNotFoundError:
            return  # the trainer keeps two and has moved on: a newer one comes
        if files:
            self._post("checkpoint", {"name": checkpoint.name, "files": files})

    def _send_files(self, places: dict[str, Path]) -> dict[str, str]:
        """The sha256 of each; only what evalhub lacks is sent."""
        digests = {path: sha256_of(local) for path, local in places.items()}
        answer = self._post("missing", {"sha256": sorted(set(digests.values()))})
        missing = set(answer.get("missing", [])) if isinstance(answer, dict) else set()
        for path, sha256 in digests.items():
            if sha256 in missing:
                missing.discard(sha256)
                self._upload(places[path], sha256)
        return digests

    def _upload(self, local: Path, sha256: str) -> None:
        patiently(lambda: self._lease.upload(local, sha256), check=self._lease.check_lease)

    def _post(self, name: str, body: dict[str, Any]) -> Any:
        return patiently(lambda: self._lease.ask(name, body), check=self._lease.check_lease)


def _end_of(log: Path) -> Path:
    size = log.stat().st_size
    if size <= MOST_LOG:
        return log
    shorter = log.with_suffix(".end")
    with log.open("rb") as stream, shorter.open("wb") as target:
        stream.seek(size - MOST_LOG)
        target.write(stream.read())
    return shorter
