"""A real `manage.py up` in a data directory of its own, started and looked at from outside.

Whatever the person who starts it has set, in the environment or in `.env`, it has servers and files
of its own: nothing here can reach their instance.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from evalhub.common.embedded.children import spawn, wait_until
from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.postgres import NAME
from evalhub.common.supervisor.record import Started, read_record

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 90.0
NOT_OURS = ("EVALHUB_", "DATABASE_", "CELERY_", "DJANGO_", "COV_", "PYTEST_")
OF_ITS_OWN = {  # said aloud, because what is not said may stand in `.env`
    "DJANGO_SETTINGS_MODULE": "evalhub.settings",
    "DATABASE_URL": "",
    "CELERY_BROKER_URL": "",
    "EVALHUB_SECRET_KEY": "",
    "EVALHUB_HOST": "127.0.0.1",
    "EVALHUB_ALLOWED_HOSTS": "127.0.0.1,localhost",
    "EVALHUB_HTTPS": "off",
}


def environment(place: DataDirectory, **more: str) -> dict[str, str]:
    """What a person has who set nothing but the data directory."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(NOT_OURS)}
    where = {"EVALHUB_DATA_DIR": str(place.root), "EVALHUB_FILES": str(place.root / "files")}
    return kept | OF_ITS_OWN | where | more


def manage(place: DataDirectory, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment(place, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@dataclass
class Up:
    place: DataDirectory
    port: int = field(default_factory=lambda: free_port())
    process: subprocess.Popen[bytes] | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def output(self) -> Path:
        return self.place.root / "up.out"

    @property
    def said(self) -> str:
        return self.output.read_text()

    def begin(self, *words: str) -> None:
        """Start it and wait until it says where it is; raise CannotStart with what it said else."""
        self.output.unlink(missing_ok=True)
        self.process = spawn(
            [sys.executable, "manage.py", "up", "--port", str(self.port), *words],
            log=self.output,
            dies_with_us_by=signal.SIGTERM,  # so that it ends although we are killed
            directory=ROOT,
            environment=environment(self.place, **self.settings),
        )
        process = self.process
        wait_until(
            lambda: "evalhub is at" in self.said or process.poll() is not None, seconds=PATIENCE
        )
        if "evalhub is at" not in self.said:
            raise CannotStart(f"The instance did not start:\n{self.said}")

    def end(self, by: signal.Signals) -> int:
        if self.process is None:
            raise ValueError("It was never begun.")
        self.process.send_signal(by)
        return self.process.wait(PATIENCE)

    def started(self, name: str) -> Started:
        record = read_record(self.place)
        if record is None:
            raise ValueError("It has started nothing yet.")
        return record.programs[name]

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.place.sockets().postgres),
            user=NAME,
            password=self.place.database_password(),
            dbname=NAME,
            autocommit=True,
        )


@contextmanager
def running(place: DataDirectory, *words: str, **settings: str) -> Iterator[Up]:
    """An `up` for the length of the block, ended by TERM if the block did not end it."""
    up = Up(place, settings=settings)
    try:
        up.begin(*words)
        yield up
    finally:
        if up.process is not None and up.process.poll() is None:
            up.end(signal.SIGTERM)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
