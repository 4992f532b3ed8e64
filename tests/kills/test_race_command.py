"""`manage.py race` as a person starts it, on an instance that it makes and takes away."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from evalhub.common.embedded.children import wait_until
from evalhub.common.embedded.temporary import temporary_place
from evalhub.common.supervisor.instance import ROOT, environment
from evalhub.demo.race.accounts import Figures
from tests.ops.running import what_lives

pytestmark = pytest.mark.slow

WITHIN = 120.0


@pytest.mark.long
def test_a_race_cancelled_while_its_instance_starts_leaves_nothing_behind() -> None:
    """In the middle of the race `run_race` lets go (test_race); what it stands on goes as it does here."""
    with temporary_place() as theirs:  # whoever starts it; the race's own directory goes in it too
        race = subprocess.Popen(
            [sys.executable, "manage.py", "race", "--json"],
            cwd=ROOT,
            env=environment(theirs, TMPDIR=str(theirs.root)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert wait_until(lambda: "postgres" in str(what_lives(theirs)), seconds=WITHIN)
        finally:
            race.send_signal(signal.SIGINT)
            out, told = race.communicate(timeout=WITHIN)

        assert (race.returncode, out) == (130, ""), told
        assert "Cancelled" in told
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
