"""`manage.py race` as a person starts it, on an instance that it makes and takes away."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evalhub.common.embedded.children import wait_until
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.temporary import temporary_place
from evalhub.common.supervisor.instance import ROOT, environment
from evalhub.demo.race.accounts import Figures
from tests.ops.running import what_lives

pytestmark = pytest.mark.slow

WITHIN = 60.0
PARTS = 8  # lifeline, database, broker, web and its workers, workers, clock


@contextmanager
def racing(theirs: DataDirectory, told: Path) -> Iterator[subprocess.Popen[str]]:
    """A small race that has begun to kill."""
    with told.open("wb") as stderr:
        race = subprocess.Popen(
            [sys.executable, "manage.py", "race", "--clients", "12", "--json"],
            cwd=ROOT,
            env=environment(theirs, TMPDIR=str(theirs.root)),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        assert wait_until(lambda: "kill -9" in told.read_text(), seconds=WITHIN), told.read_text()
        yield race
    finally:
        race.terminate()
        race.communicate(timeout=WITHIN)


def test_a_cancelled_race_leaves_nothing_behind() -> None:
    with temporary_place() as theirs:  # whoever starts it; the race's own directory goes in it too
        told = theirs.root / "told"
        with racing(theirs, told) as race:
            assert len(what_lives(theirs)) > PARTS
            race.send_signal(signal.SIGINT)
            out, _ = race.communicate(timeout=WITHIN)

        assert (race.returncode, out) == (130, ""), told.read_text()
        assert "Cancelled" in told.read_text()
        assert what_lives(theirs) == []
        assert list(theirs.root.glob("evalhub-*")) == [theirs.sockets().root]
        assert not theirs.postgres.exists()


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_published_race(seed: int) -> None:
    with temporary_place() as theirs:
        done = subprocess.run(
            [sys.executable, "manage.py", "race", "--seed", str(seed), "--json"],
            cwd=ROOT, env=environment(theirs), capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Figures(**json.loads(done.stdout)) == Figures(6000, 6000, 0, 0, 0, 0)
