"""One attempt at a run: its directory, its events, what a recipe may ask of the outside."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.artifacts import sha256_of
from training.contract import RunSpec
from training.errors import InputError
from training.events import EventLog
from training.findings import Finding, finding
from training.stopping import Stop
from training.world import World


@dataclass(kw_only=True)
class Attempt:
    """What a recipe gets."""

    spec: RunSpec
    run_dir: Path
    events: EventLog
    stop: Stop
    findings: list[Finding] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)
    world: World = field(default_factory=World)
    room: Path | None = None  # where a process that is not the first one writes

    @property
    def artifacts(self) -> Path:
        return self.own / "artifacts"

    @property
    def own(self) -> Path:
        """Where this process writes: the run directory, unless another process is the run."""
        return self.room or self.run_dir

    def path(self, name: str) -> Path:
        """Paths in the spec are relative to the run directory unless absolute."""
        return self.run_dir / name

    def input(self, name: str) -> Path | None:
        """The input of that name, or None if the spec has none."""
        given = self.spec.inputs.get(name)
        return self.path(given) if given else None

    def needed_input(self, name: str) -> Path:
        path = self.input(name)
        if path is None:
            raise InputError(f"The {self.spec.recipe} recipe needs the input {name!r}; name it.")
        return path

    def find(self, code: str, told: str, *, step: int = 0, stops: bool = False) -> None:
        """Tell what was found; the codes stand in training.findings."""
        found = finding(code, told, step=step, stops=stops)
        self.findings.append(found)
        self.events.write("finding", **found.as_json())

    def take(self, findings: Iterable[Finding]) -> None:
        """Tell what other processes found and this one did not."""
        known = {each.code for each in self.findings}
        for each in findings:
            if each.code not in known:
                self.find(each.code, each.told, step=each.step, stops=each.level == "stops")

    def progress(self, done: int, total: int, *, note: str = "") -> None:
        self.events.write("progress", done=done, total=total, note=note)

    def verify_inputs(self) -> None:
        """Raise InputError for an input that is missing or not the one that was meant."""
        if strange := sorted(set(self.spec.digests) - set(self.spec.inputs)):
            raise InputError(f"A digest is given for {', '.join(strange)}, which is no input.")
        for name, given in self.spec.inputs.items():
            path = self.path(given)
            if not path.is_file():
                raise InputError(f"The input {name!r} is missing: there is no file {given}.")
            meant = self.spec.digests.get(name)
            if meant and meant != sha256_of(path):
                raise InputError(
                    f"The input {name!r} ({given}) was changed after the run was made: its sha256 is "
                    f"not {meant[:12]}…. Make the build again and start a new run."
                )


@contextmanager
def exclusive(lock: Path) -> Iterator[bool]:
    """Hold the lock of a run directory; False if another trainer holds it."""
    with lock.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def time_left(seconds: float) -> str:
    """For people: about how long."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"
