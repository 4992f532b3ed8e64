"""Data directories for the length of a block: for tests, and for what proves something on a real instance."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from evalhub.common.embedded.join import Lock
from evalhub.common.embedded.places import DataDirectory

PREFIX = "evalhub-temporary-"
A_MINUTE = 60.0


@contextlib.contextmanager
def temporary_place() -> Iterator[DataDirectory]:
    """A private instance's data directory, gone afterwards together with its sockets."""
    root = new_root()
    place = DataDirectory(root)
    place.prepare()
    lock = Lock(root / "lock")  # else the next one takes it for abandoned
    lock.take()
    try:
        yield place
    finally:
        remove(root)
        lock.release()


def new_root() -> Path:
    root = Path(tempfile.mkdtemp(prefix=PREFIX))
    root.chmod(0o711)  # PostgreSQL passes through as nobody when we are root
    return root


def sweep_abandoned() -> None:
    """Remove what was left by those who were killed: nobody holds their lock any more."""
    for each in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # somebody else sweeps at the same time
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
