"""Who runs the private database: a running `up`, another command, or we for as long as we need it.

Whoever runs it holds an flock on `run/database.lock`. The kernel lets go of that with the process, so
a lock is never stale.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalhub.common.embedded.children import Lifeline, wait_until
from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.postgres import PrivatePostgres

JOIN_SECONDS = 30.0


@dataclass(frozen=True)
class Joined:
    is_ours: bool
    is_new: bool


class Lock:
    """An flock that a second process does not get; `text` tells that process who has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def database_lock(place: DataDirectory) -> Lock:
    return Lock(place.running / "database.lock")


@contextlib.contextmanager
def private_database(place: DataDirectory) -> Iterator[Joined]:
    """The private database answers inside this block.

    Raises:
        CannotStart: it does not start, or who has started it does not get it to answer.
    """
    place.prepare()
    postgres, lock = PrivatePostgres(place), database_lock(place)
    ours = False

    def joined_or_locked() -> bool:
        nonlocal ours
        ours = lock.take()
        return ours or (postgres.cluster.exists() and postgres.accepts())

    if not wait_until(joined_or_locked, seconds=JOIN_SECONDS, every=0.1):
        raise CannotStart(f"Another process has {lock.path} but its database does not answer.")
    if not ours:
        yield Joined(is_ours=False, is_new=False)
        return
    is_new = not postgres.cluster.exists()
    lifeline = Lifeline()
    try:
        process = postgres.start(lifeline)
        try:
            yield Joined(is_ours=True, is_new=is_new)
        finally:
            postgres.let_clients_finish(process)
            postgres.stop(process, lifeline)
    finally:
        lifeline.close()
        lock.release()
