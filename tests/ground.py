"""What a test run stands on: a directory of its own, with PostgreSQL and Redis in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evalhub.common.embedded.children import Lifeline, wait_until
from evalhub.common.embedded.join import Lock
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.postgres import PrivatePostgres
from evalhub.common.embedded.temporary import new_root, remove

VARIABLE = "EVALHUB_TEST_GROUND"
PATIENCE = 180.0  # seconds until another process of the run has made what all share


def data_directory() -> Path:
    """Made by the first process of the run; the workers of xdist inherit its name."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = str(new_root())
    return Path(os.environ[VARIABLE])


@contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """Of the processes of this run, one is in the block: the first makes what the others find."""
    lock = Lock(data_directory() / f"{what}.lock")
    assert wait_until(lock.take, seconds=PATIENCE), f"{what} is not made"
    try:
        yield
    finally:
        lock.release()


class Ground:
    """The server of one run, started by the process that pytest was started in."""

    def __init__(self) -> None:
        self.place = DataDirectory(data_directory())
        self.lock = Lock(self.place.root / "lock")
        self.lock.take()
        self.postgres = PrivatePostgres(self.place, durable=False)
        self.lifeline = Lifeline()
        self.place.prepare()
        self.process = self.postgres.start(self.lifeline)

    def clear_away(self) -> None:
        self.postgres.stop(self.process, self.lifeline)
        self.lifeline.close()
        self.lock.release()
        remove(self.place.root)
        os.environ.pop(VARIABLE, None)  # so that another one may follow
