"""Keeps programs alive, and ends all of them with itself."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import psutil

from evalhub.common.embedded.children import Lifeline, kill_group, stop, wait_until
from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.supervisor.programs import Program
from evalhub.common.supervisor.record import Record, Started

PR_SET_CHILD_SUBREAPER = 36
LOOK_EVERY = 0.5  # seconds
STEADY_AFTER = 60.0  # seconds; a program that lived this long is forgiven its earlier deaths
LONGEST_PAUSE = 30.0
STRAYS_GRACE = 20.0  # for a trainer whose worker has gone, to write its checkpoint


@dataclass
class Watched:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    deaths: int = 0
    not_before: float = 0.0


class Supervisor:
    """Start with `start`, then `watch` until a signal, then `stop_all`."""

    def __init__(self, place: DataDirectory, *, address: str, say: Callable[[str], None]) -> None:
        self.place, self.say = place, say
        self.record = Record(Started.now(os.getpid()), address)
        self.lifeline = Lifeline()
        self.watched: list[Watched] = []
        self.stopping = threading.Event()
        if sys.platform == "linux":  # whose parent dies becomes our child, so that we see it
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, self._asked_to_stop)

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        each = Watched(program)
        self.watched.append(each)
        return self._begin(each)

    def watch(self) -> None:
        while not self.stopping.wait(LOOK_EVERY):
            self._mend()

    def stop_all(self) -> None:
        """Stop in reverse order; return when nothing that we started is left."""
        self.stopping.set()
        for each in reversed(self.watched):
            if each.program.name in {"broker", "database"}:
                self._end_strays()  # what is left of the workers goes before what they need
            if each.process is not None:
                if not stop(each.process, *each.program.farewells):
                    self.say(f"{each.program.name} did not stop when asked and was killed.")
                self.lifeline.remove(each.process.pid)
        self._end_strays()
        self.lifeline.close()

    def _begin(self, each: Watched) -> subprocess.Popen[bytes]:
        each.process = each.program.start(self.lifeline)
        each.since = time.monotonic()
        self.record.programs[each.program.name] = Started.now(each.process.pid)
        self.record.write(self.place)
        return each.process

    def _mend(self) -> None:
        if self.lifeline.mend():
            self.say("The lifeline had died and is replaced.")
        for each in self.watched:
            if each.process is not None and each.process.poll() is not None:
                self._bury(each, each.process)
            if each.process is None and time.monotonic() >= each.not_before:
                self._revive(each)
        self._reap()

    def _bury(self, each: Watched, process: subprocess.Popen[bytes]) -> None:
        """Kill what the dead leader left of its group, and decide when to try again."""
        kill_group(process.pid)
        self.lifeline.remove(process.pid)
        lived = time.monotonic() - each.since
        each.deaths = 1 if lived > STEADY_AFTER else each.deaths + 1
        pause = min(2.0 ** (each.deaths - 1) - 1, LONGEST_PAUSE)
        each.process, each.not_before = None, time.monotonic() + pause
        log = self.place.logs / f"{each.program.name}.log"
        self.say(
            f"{each.program.name} {_ending(process.returncode)}; starting it again"
            f"{f' in {pause:.0f} s' if pause else ''} (its log: {log})."
        )

    def _revive(self, each: Watched) -> None:
        try:
            self._begin(each)
        except CannotStart as problem:
            each.deaths += 1
            each.not_before = time.monotonic() + min(2.0**each.deaths, LONGEST_PAUSE)
            self.say(str(problem))

    def _strays(self) -> list[psutil.Process]:
        """Our descendants that are not programs of ours: their parents have died."""
        known = {each.process.pid for each in self.watched if each.process}
        known.add(self.lifeline.process.pid)
        return [child for child in psutil.Process().children() if child.pid not in known]

    def _reap(self) -> None:
        for child in self._strays():
            with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
                if child.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(child.pid, os.WNOHANG)

    def _end_strays(self) -> None:
        def nobody_left() -> bool:
            self._reap()
            return not self._strays()

        if wait_until(nobody_left, seconds=STRAYS_GRACE, every=0.1):
            return
        for stray in self._strays():
            with contextlib.suppress(psutil.NoSuchProcess):
                self.say(f"Killed what was left: {' '.join(stray.cmdline())}")
                stray.kill()
        wait_until(nobody_left, seconds=5)

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
