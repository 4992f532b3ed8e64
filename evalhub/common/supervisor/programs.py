"""What `up` runs, in the order in which it starts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from django.conf import settings

from evalhub.common.embedded.children import Farewell, Lifeline, spawn
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.postgres import FAREWELL as POSTGRES_FAREWELL
from evalhub.common.embedded.postgres import PrivatePostgres
from evalhub.common.embedded.redis import FAREWELL as REDIS_FAREWELL
from evalhub.common.embedded.redis import PrivateRedis

LARGEST_LOG = 10 * 1024 * 1024
CELERY = ("celery", "--quiet", "-A", "evalhub")
TERM, QUIT = signal.SIGTERM, signal.SIGQUIT


@dataclass(frozen=True)
class Program:
    """Something that runs until we stop it. `farewells` are tried one after the other."""

    name: str
    start: Callable[[Lifeline], subprocess.Popen[bytes]]
    farewells: tuple[Farewell, ...]


def servers(place: DataDirectory) -> list[Program]:
    """The private database and broker, where none were given."""
    found = []
    if settings.EVALHUB_PRIVATE_DATABASE:
        found.append(Program("database", PrivatePostgres(place).start, (POSTGRES_FAREWELL,)))
    if settings.EVALHUB_PRIVATE_BROKER:
        found.append(Program("broker", PrivateRedis(place).start, (REDIS_FAREWELL,)))
    return found


def web(place: DataDirectory, *, port: int) -> Program:
    command = [
        "granian", "--interface", "wsgi", "--host", settings.EVALHUB_HOST, "--port", str(port),
        "--workers", str(settings.EVALHUB_WEB_WORKERS), "--blocking-threads", "2",
        "--respawn-failed-workers", "--no-ws", "--log-level", "warning", "evalhub.wsgi:application",
    ]  # fmt: skip
    return _ours(place, "web", command, Farewell(TERM, 10))


def workers(place: DataDirectory) -> list[Program]:
    """A worker for `default`, one per accelerator for `gpu`, and the clock."""
    found = [_worker(place, "worker-default", "default", patience=15)]
    count = devices()
    for device in range(count):
        name = "worker-gpu" if count == 1 else f"worker-gpu-{device}"
        only = {"CUDA_VISIBLE_DEVICES": str(device)} if count > 1 else {}
        found.append(_worker(place, name, "gpu", patience=75, only=only))
    beat = [*CELERY, "beat", "--loglevel", "WARNING", "--pidfile="]
    return [*found, _ours(place, "beat", beat, Farewell(TERM, 5))]


def _worker(
    place: DataDirectory,
    name: str,
    queue: str,
    *,
    patience: float,
    only: Mapping[str, str] = MappingProxyType({}),
) -> Program:
    """TERM lets a task end, or a trainer write its checkpoint; QUIT drops what still runs."""
    command = [
        *CELERY, "worker", *worker_slots(queue), "-n", f"{name}@%h",
        "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    return _ours(place, name, command, Farewell(TERM, patience), Farewell(QUIT, 5), only=only)


def worker_slots(queue: str) -> list[str]:
    """What a worker of the queue is started with; docs/operations.md says the same.

    solo for `gpu`: the process that is told to go is the one that trains, and can hand its run back.
    """
    if queue != "gpu":
        return ["-Q", queue, "-c", str(settings.EVALHUB_WORKERS)]
    labelled = [f"gpu.{label}" for label in settings.EVALHUB_WORKER_LABELS]
    return ["-Q", ",".join([queue, *labelled]), "-P", "solo"]


def devices() -> int:
    """How many accelerators there are, and 1 where the processor is the device."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 1
    listed = subprocess.run([program, "-L"], capture_output=True, text=True, check=False)
    return max(1, sum(line.startswith("GPU ") for line in listed.stdout.splitlines()))


def _ours(
    place: DataDirectory,
    name: str,
    module: list[str],
    *farewells: Farewell,
    only: Mapping[str, str] = MappingProxyType({}),
) -> Program:
    """A program of our own virtual environment; killed outright if we die without a word."""

    def start(lifeline: Lifeline) -> subprocess.Popen[bytes]:
        process = spawn(
            [sys.executable, "-m", *module],
            log=fresh_log(place, name),
            dies_with_us_by=signal.SIGKILL,
            directory=settings.BASE_DIR,
            environment=_environment() | dict(only),
        )
        lifeline.add(process.pid, signal.SIGKILL)
        return process

    return Program(name, start, farewells)


def fresh_log(place: DataDirectory, name: str) -> Path:
    """The log of a program; one that has grown large makes room, and one older is kept."""
    log = place.logs / f"{name}.log"
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    return log


def _environment() -> dict[str, str]:
    return os.environ | {
        "EVALHUB_DATA_DIR": str(settings.EVALHUB_DATA_DIR),
        "PYTHONUNBUFFERED": "1",
    }
