"""A look at an instance from outside: whether it answers, and what lives because of it."""

from __future__ import annotations

import os
from contextlib import suppress
from http import HTTPStatus
from urllib.request import urlopen

import psutil

from evalhub.common.embedded.places import DataDirectory
from evalhub.common.supervisor.instance import Up


def what_lives(place: DataDirectory) -> list[str]:
    """Every living process that works in this data directory or was told of it."""
    found = []
    for each in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):  # it ended between two questions
            if _belongs(each, str(place.root)):
                found.append(" ".join(each.cmdline()) or each.name())
    return found


def _belongs(process: psutil.Process, root: str) -> bool:
    with suppress(psutil.Error):
        if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        told = process.environ().get("EVALHUB_DATA_DIR") == root
        return told or process.cwd().startswith(root) or root in " ".join(process.cmdline())
    return False


def is_healthy(up: Up) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{up.port}/health/", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False
