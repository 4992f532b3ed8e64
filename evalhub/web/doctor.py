"""Looks at every part and says the remedy for each fault."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import OperationalError as BrokerError

from evalhub.celery import app
from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.join import private_database
from evalhub.common.embedded.places import LONGEST_SOCKET, DataDirectory
from evalhub.common.supervisor.record import read_record
from evalhub.common.supervisor.up import is_healthy
from evalhub.jobs.choices import Queue
from evalhub.jobs.workers import live_workers
from evalhub.mail.models import Letter

GIB = 1024**3
LEAST_FREE = 2 * GIB
START = "Start everything with `manage.py up`."


class Fault(Exception):
    """Something is wrong; `remedy` says what to do."""

    def __init__(self, detail: str, *, remedy: str) -> None:
        super().__init__(detail)
        self.remedy = remedy


@dataclass(frozen=True)
class Finding:
    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Every part in turn; a fault in one does not hide the next."""
    with ExitStack() as open_things:
        return [look(name, each, open_things) for name, each in CHECKS.items()]


def look(name: str, check: Callable[[ExitStack], str], open_things: ExitStack) -> Finding:
    try:
        return Finding(name, ok=True, detail=check(open_things))
    except Fault as fault:
        return Finding(name, ok=False, detail=str(fault), remedy=fault.remedy)
    except CannotStart as problem:
        return Finding(name, ok=False, detail="does not start", remedy=str(problem))


def _place() -> DataDirectory:
    return DataDirectory(settings.EVALHUB_DATA_DIR)


def secret_key(_open: ExitStack) -> str:
    file = _place().secret_key_file
    if not file.exists():
        return "from EVALHUB_SECRET_KEY"
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        raise Fault(f"{file} may be read by others (mode {mode:o})", remedy=f"chmod 600 {file}")
    return f"{file}, mode {mode:o}"


def disk(_open: ExitStack) -> str:
    root = settings.EVALHUB_DATA_DIR
    free = shutil.disk_usage(root).free
    detail = f"{free / GIB:.1f} GiB free for {root}"
    if free < LEAST_FREE:
        raise Fault(detail, remedy="Make room, or set EVALHUB_DATA_DIR to a larger disk.")
    return detail


def sockets(_open: ExitStack) -> str:
    if not (settings.EVALHUB_PRIVATE_DATABASE or settings.EVALHUB_PRIVATE_BROKER):
        return "none: database and broker are given by URL"
    chosen = _place().sockets()
    detail = f"{chosen.root}, {chosen.longest} of {LONGEST_SOCKET} bytes"
    if chosen.longest > LONGEST_SOCKET:
        note = _place().running / "sockets"
        raise Fault(detail, remedy=f"Stop evalhub, remove {note}, and set TMPDIR to a short name.")
    return detail


def database(open_things: ExitStack) -> str:
    joined = ""
    if settings.EVALHUB_PRIVATE_DATABASE:
        database = open_things.enter_context(private_database(_place()))
        open_things.callback(connection.close)  # ours would keep the server from stopping
        joined = " (started for this look)" if database.is_ours else " (of the running `up`)"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            return f"PostgreSQL {cursor.fetchone()[0]}{joined}"
    except DatabaseError as problem:
        said = str(problem).strip().splitlines()[0]
        raise Fault(said, remedy="Look at DATABASE_URL and at whether that server runs.") from None


def migrations(_open: ExitStack) -> str:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        raise Fault("the database does not answer", remedy="See `database`.") from None
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise Fault(
            f"{len(waiting)} not applied",
            remedy="Run `manage.py migrate`; `manage.py up` does so too.",
        )
    return f"{len(executor.loader.applied_migrations)} applied"


def broker(_open: ExitStack) -> str:
    with app.connection_for_write() as link:
        try:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=3)
        except (BrokerError, OSError) as problem:
            remedy = START if settings.EVALHUB_PRIVATE_BROKER else "Look at CELERY_BROKER_URL."
            raise Fault(f"does not answer: {problem}", remedy=remedy) from None
        return str(link.as_uri())  # without its password


def workers(_open: ExitStack) -> str:
    try:
        serving = {queue.value: live_workers(queue) for queue in Queue}
    except DatabaseError:
        raise Fault("the database does not answer", remedy="See `database`.") from None
    if missing := [queue for queue, count in serving.items() if not count]:
        raise Fault(
            f"no worker for the queue {' and '.join(missing)}",
            remedy=f"{START} Or: celery -A evalhub worker -Q {missing[0]}",
        )
    return ", ".join(f"{queue}: {count}" for queue, count in serving.items())


def web(_open: ExitStack) -> str:
    record = read_record(_place())
    if record is None or not record.supervisor.lives:
        raise Fault("`up` is not running", remedy=START)
    port = int(record.address.rstrip("/").rsplit(":", 1)[1])
    if not is_healthy(port):
        raise Fault(
            f"{record.address} does not answer", remedy=f"Read {_place().logs / 'web.log'}."
        )
    return f"{record.address} answers"


def device(_open: ExitStack) -> str:
    asked = "import torch; print(torch.__version__, torch.cuda.device_count())"
    said = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=False, cwd="/"
    )
    if said.returncode != 0:
        raise Fault(
            "torch cannot be imported here: this machine can serve pages but not train",
            remedy='pip install -c constraints.txt -e ".[train]"',
        )
    version, count = said.stdout.split()
    names = _accelerators()
    if names and count == "0":
        raise Fault(
            f"{', '.join(names)}, but torch {version} sees none",
            remedy="Install the build of torch for this driver; see pytorch.org/get-started.",
        )
    return f"torch {version}, {', '.join(names) or 'on the processor'}"


def mail(_open: ExitStack) -> str:
    if settings.EVALHUB_MAIL is None:
        return "off: EVALHUB_EMAIL_URL names no server"
    server = settings.EVALHUB_MAIL.server
    try:
        with closing(get_connection()) as link:
            link.open()
    except (SMTPException, OSError) as problem:
        raise Fault(f"{server}: {problem}", remedy="Look at EVALHUB_EMAIL_URL.") from None
    try:
        failed = Letter.objects.failed_lately().count()
    except DatabaseError:
        raise Fault("the database does not answer", remedy="See `database`.") from None
    if failed:
        raise Fault(
            f"{server} answers, but {failed} e-mails did not go out in the last 7 days",
            remedy="Owners see them, with what the server said, on their page of notifications.",
        )
    return f"{server} answers"


def model(_open: ExitStack) -> str:
    name = settings.EVALHUB_BASE_MODEL
    folder = Path(name)
    if not folder.is_dir():
        if folder.is_absolute() or not settings.EVALHUB_ALLOW_HUB:
            raise Fault(
                f"{name} is no directory",
                remedy="Set EVALHUB_BASE_MODEL to one (`make demo-model` makes ours), or to a name "
                "of the hub together with EVALHUB_ALLOW_HUB=on.",
            )
        return f"{name}, fetched from the hub when first used"
    missing = [each for each in ("config.json", "tokenizer.json") if not (folder / each).exists()]
    if not any(folder.glob("*.safetensors")):
        missing.append("*.safetensors")
    if missing:
        raise Fault(
            f"{folder} lacks {', '.join(missing)}", remedy="Copy the model there again, whole."
        )
    return str(folder)


CHECKS: dict[str, Callable[[ExitStack], str]] = {
    "secret key": secret_key,
    "disk": disk,
    "sockets": sockets,
    "database": database,
    "migrations": migrations,
    "broker": broker,
    "workers": workers,
    "web": web,
    "e-mail": mail,
    "device": device,
    "base model": model,
}


def as_json(findings: list[Finding]) -> str:
    found = [
        {"name": each.name, "ok": each.ok, "detail": each.detail, "remedy": each.remedy}
        for each in findings
    ]
    return json.dumps({"ok": all(each.ok for each in findings), "checks": found}, indent=2)


def _accelerators() -> list[str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    listed = subprocess.run(
        [program, "--query-gpu=name", "--format=csv,noheader"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [line.strip() for line in listed.stdout.splitlines() if line.strip()]
