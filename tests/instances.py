"""Real instances of `manage.py up` whose database need not be made anew for each test."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.temporary import temporary_place
from evalhub.common.supervisor.instance import manage
from tests.ground import data_directory, one_at_a_time

NAMES = ("postgres", "database-password", "secret-key")


@contextmanager
def migrated_place() -> Iterator[DataDirectory]:
    """A data directory as after its first start: what is tested is not how that one goes."""
    made = _prepared()
    with temporary_place() as place:
        for name in NAMES:
            if (made / name).exists():
                # cp, as PostgreSQL's files may be nobody's
                subprocess.run(["cp", "-a", str(made / name), str(place.root / name)], check=True)
        yield place


def _prepared() -> Path:
    """Made by the first that needs it, for all processes of this test run."""
    place = DataDirectory(data_directory() / "prepared")
    with one_at_a_time("prepared"):
        if not (place.root / "ready").exists():
            done = manage(place, "migrate")
            assert done.returncode == 0, done.stderr
            (place.root / "ready").touch()
    return place.root
