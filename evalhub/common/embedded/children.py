"""Starting programs that die with us: on Linux by the kernel's word, everywhere by a lifeline."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from evalhub.common.embedded import lifeline
from evalhub.common.embedded.accounts import Account

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Lifeline:
    """Ends what we registered if we are killed in a way that lets us clean up nothing."""

    def __init__(self) -> None:
        self._wards: dict[int, signal.Signals] = {}
        self.process = _new_lifeline()

    def add(self, pid: int, number: signal.Signals) -> None:
        self._wards[pid] = number
        self._tell(f"+ {pid} {int(number)}\n")

    def remove(self, pid: int) -> None:
        self._wards.pop(pid, None)
        self._tell(f"- {pid}\n")

    def mend(self) -> bool:
        """Begin anew if somebody killed it; True if that was so."""
        if self.process.poll() is None:
            return False
        self._let_go()
        self.process = _new_lifeline()
        for pid, number in self._wards.items():
            self.add(pid, number)
        return True

    def close(self) -> None:
        """Let go; whatever is still registered is stopped."""
        self._let_go()
        self.process.wait()

    def _let_go(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            _pipe(self.process).close()

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # killed: mend() tells the next one everything
            _pipe(self.process).write(line.encode())


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    dies_with_us_by: signal.Signals,
    account: Account | None = None,
    directory: Path | None = None,
    environment: dict[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` as the leader of a session of its own, writing to `log`.

    Call it from the main thread: the kernel signals when the thread that started the child ends.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=directory,
            env=environment,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_follow_into_death(dies_with_us_by),
        )


@dataclass(frozen=True)
class Farewell:
    """A way to ask a program to stop, and how many seconds it may take over it."""

    by: signal.Signals
    grace: float


def stop(process: subprocess.Popen[bytes], *farewells: Farewell) -> bool:
    """Ask the leader in one way after the other, then kill its group. True if asking was enough."""
    in_time = False
    for each in farewells:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(each.by)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(each.grace)
            in_time = True
            break
    kill_group(process.pid)
    process.wait()
    return in_time


def kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    """Ask again and again; False when the time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def _follow_into_death(number: signal.Signals) -> Callable[[], None] | None:
    if _libc is None:
        return None
    parent = os.getpid()

    def ask_the_kernel() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask_the_kernel


def _new_lifeline() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", lifeline.__file__],
        stdin=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )


def _pipe(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdin is None:
        raise AssertionError("a lifeline is always started with a pipe")
    return process.stdin
