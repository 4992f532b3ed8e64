"""Whom PostgreSQL runs as: it refuses root, and we change nothing outside the data directory for it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from pwd import getpwnam, getpwuid

from evalhub.common.embedded.errors import CannotStart


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def may_enter(self, path: Path) -> bool:
        """Whether every directory down to `path` lets this account pass."""
        return all(self._passes(each) for each in [path, *path.parents])

    def _passes(self, path: Path) -> bool:
        if not path.exists():
            return True
        status = path.stat()
        needed = 0o100 if status.st_uid == self.uid else 0o010 if status.st_gid == self.gid else 1
        return bool(status.st_mode & needed)


def powerless_account() -> Account | None:
    """`nobody` when we are root, else None: we stay who we are."""
    if os.geteuid() != 0:
        _must_have_a_name(os.geteuid())
        return None
    try:
        entry = getpwnam("nobody")
    except KeyError as problem:
        raise CannotStart(
            "PostgreSQL does not run as root, and this machine has no account `nobody`. "
            "Start evalhub as an ordinary user, or set DATABASE_URL."
        ) from problem
    return Account("nobody", entry.pw_uid, entry.pw_gid)


def _must_have_a_name(uid: int) -> None:
    try:
        getpwuid(uid)
    except KeyError as problem:
        raise CannotStart(
            f"PostgreSQL does not run as user {uid}, who has no name on this machine. "
            "Add a line for it to /etc/passwd, use another user, or set DATABASE_URL."
        ) from problem


def capability_prefix(account: Account, *paths: Path) -> list[str]:
    """The command that lets `account` pass directories closed to it; empty where none is needed.

    Raises:
        CannotStart: it is needed and `setpriv` is not there.
    """
    closed = [each for each in paths if not account.may_enter(each)]
    if not closed:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise CannotStart(
            f"PostgreSQL runs as `{account.name}`, which may not enter {closed[0]}. "
            "Set EVALHUB_DATA_DIR to a directory below one that everybody may enter, such as "
            "/var/lib/evalhub, and install evalhub outside of a closed home directory."
        )
    return [
        setpriv, f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups",
        "--inh-caps=+dac_override", "--ambient-caps=+dac_override",
    ]  # fmt: skip
