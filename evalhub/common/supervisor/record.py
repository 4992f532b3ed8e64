"""`run/up.json`: what a running `up` has started, for the next one and for the doctor."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from dataclasses import asdict, dataclass, field

import psutil

from evalhub.common.embedded.children import wait_until
from evalhub.common.embedded.places import DataDirectory, replace_file

SAME_START = 0.05  # seconds; a number given again to another process starts later than that


@dataclass(frozen=True)
class Started:
    pid: int
    at: float  # the start time tells a process from a later one with the same number

    @classmethod
    def now(cls, pid: int) -> Started:
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(pid, 0.0)

    @property
    def lives(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.at) < SAME_START
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


@dataclass
class Record:
    supervisor: Started
    address: str
    programs: dict[str, Started] = field(default_factory=dict)

    def write(self, place: DataDirectory) -> None:
        replace_file(place.running / "up.json", json.dumps(asdict(self), indent=1))


def read_record(place: DataDirectory) -> Record | None:
    """What the last `up` wrote, running or not; None if there never was one."""
    try:
        written = json.loads((place.running / "up.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    programs = {name: Started(**each) for name, each in written["programs"].items()}
    return Record(Started(**written["supervisor"]), written["address"], programs)


def end_what_is_left(place: DataDirectory) -> list[str]:
    """Stop what an earlier `up` left behind, if anything did survive it; their names."""
    record = read_record(place)
    left = {
        name: each
        for name, each in (record.programs.items() if record else ())
        if each.lives or _group_of(each)
    }
    for each in left.values():
        if each.lives:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGINT)
    wait_until(lambda: not any(each.lives for each in left.values()), seconds=10)
    for each in left.values():
        for member in _group_of(each):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
    return list(left)


def _group_of(leader: Started) -> list[psutil.Process]:
    """Who is left of the group that `leader` led; no later process gets its number meanwhile."""
    found = []
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            alive = each.status() != psutil.STATUS_ZOMBIE
            later = each.create_time() > leader.at - SAME_START
            if alive and later and os.getpgid(each.pid) == leader.pid:
                found.append(each)
    return found
