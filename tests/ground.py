"""What a test run stands on: a directory of its own, with PostgreSQL and Redis in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from evalhub.common.embedded.children import Lifeline
from evalhub.common.embedded.join import Lock
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.postgres import PrivatePostgres

VARIABLE = "EVALHUB_TEST_GROUND"
PREFIX = "evalhub-test-"
A_MINUTE = 60.0


def data_directory() -> Path:
    """Made by the first process of the run; the workers of xdist inherit its name."""
    if VARIABLE not in os.environ:
        made = Path(tempfile.mkdtemp(prefix=PREFIX))
        made.chmod(0o711)  # PostgreSQL passes through as nobody when we are root
        os.environ[VARIABLE] = str(made)
    return Path(os.environ[VARIABLE])


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


def sweep_abandoned() -> None:
    """Remove what runs left that were killed: nobody holds their lock any more."""
    for each in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # another run sweeps at the same time
            status = each.stat()
            if status.st_uid != os.geteuid() or time.time() - status.st_mtime < A_MINUTE:
                continue
            lock = Lock(each / "lock")
            if lock.take():
                remove(each)
                lock.release()


def remove(root: Path) -> None:
    note = root / "run" / "sockets"
    if note.exists():
        shutil.rmtree(note.read_text().strip(), ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)


@contextlib.contextmanager
def temporary_place() -> Iterator[DataDirectory]:
    """A private instance's data directory, gone afterwards together with its sockets."""
    root = Path(tempfile.mkdtemp(prefix=PREFIX))
    place = DataDirectory(root)
    root.chmod(0o711)
    place.prepare()
    lock = Lock(root / "lock")  # else the next run takes it for abandoned
    lock.take()
    try:
        yield place
    finally:
        remove(root)
        lock.release()
