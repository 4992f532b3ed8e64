"""`manage.py up`: everything starts, everything stops, and nothing survives a kill -9."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator

import psutil
import pytest

from evalhub.common.embedded.children import wait_until
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.temporary import temporary_place
from evalhub.common.supervisor.instance import Up, manage, running
from tests.instances import migrated_place
from tests.ops.running import is_healthy, what_lives

pytestmark = pytest.mark.slow

PROGRAMS = ["database", "broker", "web", "worker-default", "worker-gpu", "beat"]
GONE_WITHIN = 30.0


@pytest.fixture
def place() -> Iterator[DataDirectory]:
    with migrated_place() as made:
        yield made


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    with temporary_place() as made, running(made) as started:
        yield started


@pytest.mark.long
def test_a_word_stops_all_of_it(place: DataDirectory) -> None:
    with running(place) as up:
        assert is_healthy(up)

        assert up.end(signal.SIGINT) == 0

        assert what_lives(place) == []


def test_no_worker_leaves_out_the_workers_and_a_signal_stops_the_rest(place: DataDirectory) -> None:
    with running(place, "--no-worker") as up:
        assert is_healthy(up)
        lives = " ".join(what_lives(place))
        assert "granian" in lives
        assert "celery" not in lives

        assert up.end(signal.SIGTERM) == 0

        assert what_lives(place) == []


LONG = {"web", "database"}  # what brings back one brings back each


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.long) if name in LONG else name for name in PROGRAMS],
)
def test_a_killed_part_comes_back(up: Up, name: str) -> None:
    before = up.started(name)

    os.kill(before.pid, signal.SIGKILL)

    assert wait_until(lambda: up.started(name) != before, seconds=GONE_WITHIN), up.said
    assert wait_until(lambda: up.started(name).lives and is_healthy(up), seconds=GONE_WITHIN)
    assert f"{name} was killed by SIGKILL; starting it again" in up.said


def test_rows_survive_the_death_of_the_database(up: Up) -> None:
    with up.connect() as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")
    before = up.started("database")

    os.kill(before.pid, signal.SIGKILL)

    assert wait_until(lambda: up.started("database") != before, seconds=GONE_WITHIN), up.said
    with up.connect() as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("still here",)]


def test_the_supervisor_killed_leaves_nothing_and_loses_nothing(place: DataDirectory) -> None:
    first = Up(place)
    first.begin()
    with first.connect() as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")

    first.end(signal.SIGKILL)

    assert wait_until(lambda: not what_lives(place), seconds=GONE_WITHIN), what_lives(place)
    with running(place, "--no-worker") as second, second.connect() as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("still here",)]


@pytest.mark.long
def test_the_supervisor_killed_with_its_lifeline_leaves_nothing(place: DataDirectory) -> None:
    up = Up(place)
    up.begin("--no-worker")
    before = descendants(up)
    lifeline = next(each for each in before if "lifeline.py" in " ".join(each.cmdline()))

    lifeline.kill()
    up.end(signal.SIGKILL)

    with running(place, "--no-worker") as again:  # which ends what has survived, if anything
        assert is_healthy(again)
        assert [each for each in before if lives(each)] == []


def test_a_second_one_is_told_where_the_first_is(up: Up) -> None:
    said = manage(up.place, "up", "--port", str(up.port))

    assert said.returncode != 0
    assert f"already runs at http://127.0.0.1:{up.port}/" in said.stderr


def test_a_command_joins_the_database_of_a_running_one(up: Up) -> None:
    said = manage(up.place, "migrate", "--check")

    assert said.returncode == 0, said.stderr
    assert up.started("database").lives


def test_the_doctor_finds_a_running_one_well(up: Up) -> None:
    """A part that the test before killed may still be on its way back: then the doctor says so."""
    looked_at = {"secret key", "sockets", "database", "migrations", "broker", "workers", "web"}
    checks: dict[str, dict[str, object]] = {}

    def all_is_well() -> bool:
        said = manage(up.place, "doctor", "--json")
        checks.update({each["name"]: each for each in json.loads(said.stdout)["checks"]})
        return all(checks[name]["ok"] for name in looked_at)

    assert wait_until(all_is_well, seconds=GONE_WITHIN), checks


def test_a_port_in_use_is_named(place: DataDirectory) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        said = manage(place, "up", "--port", str(port))

    assert said.returncode != 0
    assert f"Port {port} cannot be used" in said.stderr
    assert what_lives(place) == []


def descendants(up: Up) -> list[psutil.Process]:
    assert up.process is not None
    return psutil.Process(up.process.pid).children(recursive=True)


def lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
