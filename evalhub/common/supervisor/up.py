"""The whole of `up`: servers, schema, files for the browser, web, workers."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
from collections.abc import Callable, Iterator

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from evalhub.common.embedded.children import wait_until
from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.join import Lock, database_lock
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.supervisor.programs import servers, web, workers
from evalhub.common.supervisor.record import end_what_is_left, read_record
from evalhub.common.supervisor.supervisor import Supervisor

HEALTH_SECONDS = 60.0
OTHERS_SECONDS = 60.0


def run(
    *, port: int, with_workers: bool, prepare: Callable[[], None], say: Callable[[str], None]
) -> None:
    """Run everything until INT or TERM. `prepare` is called when the schema is up to date.

    Raises:
        CannotStart: another `up` has this data directory, or a part does not come up.
    """
    place = DataDirectory(settings.EVALHUB_DATA_DIR)
    place.prepare()
    with locked(place, say):
        for name in end_what_is_left(place):
            say(f"Stopped a {name} that an earlier run had left.")
        must_be_free(settings.EVALHUB_HOST, port)
        address = f"http://{settings.EVALHUB_HOST}:{port}/"
        supervisor = Supervisor(place, address=address, say=say)
        try:
            for server in servers(place):
                supervisor.start(server)
            lay_the_schema(prepare)
            if not supervisor.stopping.is_set():
                process = supervisor.start(web(place, port=port))
                for worker in workers(place) if with_workers else []:
                    supervisor.start(worker)
                wait_for_health(supervisor, process, port=port)
            if not supervisor.stopping.is_set():
                say(f"evalhub is at {address}  (Ctrl-C stops it; logs are in {place.logs})")
            supervisor.watch()
        finally:
            supervisor.stop_all()


@contextlib.contextmanager
def locked(place: DataDirectory, say: Callable[[str], None]) -> Iterator[None]:
    """Be the only `up` of this data directory, and the one who runs its database."""
    ours, database = Lock(place.running / "up.lock"), database_lock(place)
    if not ours.take():
        record = read_record(place)
        where = f" at {record.address} (process {record.supervisor.pid})" if record else ""
        raise CannotStart(f"evalhub already runs{where} with the data in {place.root}.")
    try:
        if settings.EVALHUB_PRIVATE_DATABASE and not database.take():
            say("Waiting for a command that uses the database.")
            if not wait_until(database.take, seconds=OTHERS_SECONDS, every=0.1):
                raise CannotStart("Another command still uses the database; try again after it.")
        yield
    finally:
        database.release()
        ours.release()


def lay_the_schema(prepare: Callable[[], None]) -> None:
    call_command("migrate", verbosity=0, interactive=False)
    if not settings.DEBUG:
        call_command("collectstatic", verbosity=0, interactive=False)
    prepare()
    connections.close_all()


def must_be_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise CannotStart(
                f"Port {port} cannot be used ({problem.strerror}). Choose another: "
                "`manage.py up --port N`, or EVALHUB_PORT."
            ) from problem


def wait_for_health(supervisor: Supervisor, process: subprocess.Popen[bytes], *, port: int) -> None:
    def settled() -> bool:
        return supervisor.stopping.is_set() or process.poll() is not None or is_healthy(port)

    wait_until(settled, seconds=HEALTH_SECONDS, every=0.1)
    if supervisor.stopping.is_set() or is_healthy(port):
        return
    log = supervisor.place.logs / "web.log"
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise CannotStart(f"The web server does not answer; the end of {log}:\n{tail}")


def is_healthy(port: int) -> bool:
    """Whether /health/ answers 200 on this machine."""
    host = settings.EVALHUB_HOST
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  the opposite
    named = next((each for each in settings.ALLOWED_HOSTS if not each.startswith(("*", "."))), "")
    connection = http.client.HTTPConnection(reached, port, timeout=3)
    try:
        connection.request("GET", "/health/", headers={"Host": named or "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
