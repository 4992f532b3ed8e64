"""Where a private instance keeps its things, and which of them only its owner may read."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from evalhub.common.embedded.errors import CannotStart

LONGEST_SOCKET = 107 if os.uname().sysname == "Linux" else 103  # sun_path less its final zero
POSTGRES_SOCKET = ".s.PGSQL.5432"
REDIS_SOCKET = "redis.sock"


@dataclass(frozen=True)
class DataDirectory:
    """One private instance: everything it must not lose lies under `root`."""

    root: Path

    @property
    def running(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def secret_key_file(self) -> Path:
        return self.root / "secret-key"

    @property
    def database_password_file(self) -> Path:
        return self.root / "database-password"

    @property
    def private(self) -> tuple[Path, ...]:
        """What nobody but us has any business in: all but the database's own."""
        names = ("files", "runs", "static", "redis")
        return (self.running, self.logs, *(self.root / name for name in names))

    def prepare(self) -> None:
        """Make the directories, or close those that stand open.

        As root others may pass through the root, because PostgreSQL runs as nobody: so each
        directory in it is shut by itself.
        """
        if not self.root.exists():
            try:
                self.root.mkdir(parents=True, mode=0o711 if os.geteuid() == 0 else 0o700)
            except OSError as problem:
                raise CannotStart(
                    f"The data directory {self.root} cannot be made ({problem.strerror}). "
                    "Set EVALHUB_DATA_DIR to a directory you may write."
                ) from problem
        for each in self.private:
            each.mkdir(exist_ok=True, mode=0o700)
            status = each.stat()
            if status.st_mode & 0o077 and status.st_uid == os.geteuid():
                each.chmod(0o700)

    def secret_key(self) -> str:
        return written_once(self.secret_key_file, lambda: secrets.token_urlsafe(48))

    def database_password(self) -> str:
        return written_once(self.database_password_file, lambda: secrets.token_hex(24))

    def sockets(self) -> Sockets:
        """The directory of the sockets; chosen once, made again if a reboot took it."""
        note = self.running / "sockets"
        chosen = Path(note.read_text().strip()) if note.exists() else None
        if chosen is None or not _belongs_to_us(chosen):
            chosen = _new_socket_directory(self.root)
            replace_file(note, f"{chosen}\n")
        return Sockets(chosen)


@dataclass(frozen=True)
class Sockets:
    """Where the private servers listen. PostgreSQL refuses a long name, Redis cuts it in silence."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "pg"

    @property
    def redis(self) -> Path:
        return self.root / REDIS_SOCKET

    @property
    def longest(self) -> int:
        return max(len(os.fsencode(each)) for each in (self.postgres / POSTGRES_SOCKET, self.redis))


def written_once(path: Path, make: Callable[[], str]) -> str:
    """The text of `path`, mode 0600; made by `make` if absent. Many processes agree on one value."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().strip()
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(make() + "\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):  # another process was first: its value counts
        os.link(draft, path)
    draft.unlink()
    return path.read_text().strip()


def replace_file(path: Path, text: str) -> None:
    """Write whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)


def _new_socket_directory(root: Path) -> Path:
    """$XDG_RUNTIME_DIR/evalhub-<digest>, else a new directory under the temporary one.

    Never the former as root: the account that PostgreSQL then runs as may not enter it.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.geteuid() != 0:
        name = f"evalhub-{sha256(os.fsencode(root)).hexdigest()[:8]}"
        chosen = Path(runtime) / name
        if Sockets(chosen).longest <= LONGEST_SOCKET and Path(runtime).is_dir():
            chosen.mkdir(mode=0o700, exist_ok=True)
            return chosen
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  the last resort where TMPDIR is long
        if Sockets(Path(parent) / "evalhub-12345678").longest <= LONGEST_SOCKET:
            chosen = Path(tempfile.mkdtemp(prefix="evalhub-", dir=parent))
            chosen.chmod(0o711 if os.geteuid() == 0 else 0o700)
            return chosen
    raise CannotStart(
        "No directory has a name short enough for sockets. Set TMPDIR to a short one."
    )


def _belongs_to_us(directory: Path) -> bool:
    return (
        directory.is_dir()
        and not directory.is_symlink()
        and directory.stat().st_uid == os.geteuid()
    )
