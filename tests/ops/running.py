"""A real `manage.py up` in a data directory of its own, and a look at what lives because of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

import psutil
import psycopg

from evalhub.common.embedded.children import spawn, wait_until
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.supervisor.record import Started, read_record

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0


def environment(place: DataDirectory, **more: str) -> dict[str, str]:
    """What a person has who set nothing but the data directory."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("EVALHUB_", "DATABASE_", "CELERY_", "DJANGO_", "COV_", "PYTEST_"))
    }
    ours = {"DJANGO_SETTINGS_MODULE": "evalhub.settings", "EVALHUB_DATA_DIR": str(place.root)}
    return kept | ours | more


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


def what_lives(place: DataDirectory) -> list[str]:
    """Every living process that works in this data directory or was told of it."""
    return [
        " ".join(each.cmdline()) or each.name()
        for each in psutil.process_iter()
        if _belongs(each, str(place.root))
    ]


def _belongs(process: psutil.Process, root: str) -> bool:
    with suppress(psutil.Error):
        if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        told = process.environ().get("EVALHUB_DATA_DIR") == root
        return told or process.cwd().startswith(root) or root in " ".join(process.cmdline())
    return False


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
        """Start it and wait until it says where it is."""
        self.output.unlink(missing_ok=True)
        self.process = spawn(
            [sys.executable, "manage.py", "up", "--port", str(self.port), *words],
            log=self.output,
            dies_with_us_by=signal.SIGTERM,  # so that it ends although pytest was killed
            directory=ROOT,
            environment=environment(self.place, **self.settings),
        )
        process = self.process
        wait_until(
            lambda: "evalhub is at" in self.said or process.poll() is not None, seconds=PATIENCE
        )
        assert "evalhub is at" in self.said, self.said

    def end(self, by: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(by)
        return self.process.wait(PATIENCE)

    def started(self, name: str) -> Started:
        record = read_record(self.place)
        assert record is not None
        return record.programs[name]

    def is_healthy(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=5) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.place.sockets().postgres),
            user="evalhub",
            password=self.place.database_password(),
            dbname="evalhub",
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
