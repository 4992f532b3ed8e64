"""When to stop: TERM, or the worker that started the run is gone."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Mapping
from types import FrameType

from training.contract import EXIT_INTERRUPTED, LIFELINE_VARIABLE
from training.errors import Interrupted

GRACE_SECONDS = 30.0  # from the end of the worker to our own, checkpoint or not
PR_SET_PDEATHSIG = 1


class Stop:
    """Asked by signal or lifeline, noticed by the recipe at its next step boundary."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    @property
    def requested(self) -> bool:
        return self._asked.is_set()

    def request(self) -> None:
        self._asked.set()

    def check(self) -> None:
        """Raise Interrupted if a stop was asked for."""
        if self.requested:
            raise Interrupted

    def wait(self, seconds: float) -> None:
        """Pause; raise Interrupted as soon as a stop is asked for."""
        if self._asked.wait(seconds):
            raise Interrupted


def stop_on_term(stop: Stop) -> None:
    """Call from the main thread."""

    def asked(signum: int, frame: FrameType | None) -> None:
        stop.request()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)


def stop_with_worker(stop: Stop, environ: Mapping[str, str]) -> None:
    """Where a worker gave us the read end of a pipe, end with that worker. Call from the main thread."""
    if LIFELINE_VARIABLE not in environ:
        return  # started by hand
    lifeline = int(environ[LIFELINE_VARIABLE])
    os.set_inheritable(lifeline, False)  # noqa: FBT003  (takes no keyword)
    _ask_kernel(stop, worker=os.getppid())
    threading.Thread(target=_hold, args=(lifeline, stop), daemon=True).start()


def end_with_first(environ: Mapping[str, str]) -> None:
    """Where several processes train together, those after the first one do as it does, and end when it ends."""
    signal.signal(
        signal.SIGTERM, signal.SIG_IGN
    )  # sent to the whole group, and answered by the first
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lifeline = int(environ[LIFELINE_VARIABLE])
    os.set_inheritable(lifeline, False)  # noqa: FBT003  (takes no keyword)
    threading.Thread(target=_end, args=(lifeline,), daemon=True).start()


def _end(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os._exit(EXIT_INTERRUPTED)  # a checkpoint is the first one's


def _hold(lifeline: int, stop: Stop) -> None:
    while os.read(lifeline, 1):
        pass  # nobody writes; only the end of the file means something
    _worker_is_gone(stop)


def _ask_kernel(stop: Stop, *, worker: int) -> None:
    """Linux also sends a signal when the parent dies; it does so for a parent *thread* as well."""
    if sys.platform != "linux":
        return

    def parent_died(signum: int, frame: FrameType | None) -> None:
        if os.getppid() != worker:  # else only the thread that started us has ended
            _worker_is_gone(stop)

    signal.signal(signal.SIGUSR1, parent_died)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGUSR1), 0, 0, 0)


def _worker_is_gone(stop: Stop) -> None:
    if stop.requested:
        return
    stop.request()
    last_resort = threading.Timer(GRACE_SECONDS, os._exit, args=(EXIT_INTERRUPTED,))
    last_resort.daemon = True
    last_resort.start()
