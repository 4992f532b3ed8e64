"""Settings: documented, safe when nothing is set, and stubborn when something unsafe is."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environ
import pytest

from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.places import DataDirectory, written_once
from evalhub.common.embedded.secrets import usable_secret_key
from evalhub.common.embedded.temporary import temporary_place
from evalhub.common.labels import labels_of
from evalhub.common.supervisor.instance import ROOT, environment, manage
from evalhub.common.supervisor.programs import worker_slots
from training.launching import PASSED_ON

GOOD_KEY = "q8R2-mVx7LzT4nWc9KpY1sHd6JfB3gUa5eXo0iNtEwQyZrCvMb"
PRODUCTION = {
    "DATABASE_URL": "postgres://evalhub:pass@db.invalid/evalhub",
    "CELERY_BROKER_URL": "redis://broker.invalid:6379/0",
    "EVALHUB_SECRET_KEY": GOOD_KEY,
    "EVALHUB_ALLOWED_HOSTS": "evalhub.example.org",
    "EVALHUB_HTTPS": "on",
    "EVALHUB_LOG_FORM": "json",
}
PROVIDER = {
    "EVALHUB_OIDC_ISSUER": "https://login.example.org/realms/acme",
    "EVALHUB_OIDC_CLIENT_ID": "evalhub",
    "EVALHUB_OIDC_CLIENT_SECRET": "told-only-to-evalhub",
}


@pytest.fixture
def place() -> Iterator[DataDirectory]:
    with temporary_place() as made:
        yield made


def names_in_settings() -> set[str]:
    source = (ROOT / "evalhub" / "settings.py").read_text()
    return set(re.findall(r"""env\.\w+\(\s*"([A-Z_]+)\"""", source))


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", operations(), re.MULTILINE))

    passed_on = {
        name for name in PASSED_ON if name.startswith("EVALHUB_")
    }  # read by trainers alone
    assert names_in_settings() | passed_on == documented


def test_the_search_for_settings_finds_them() -> None:
    assert {"DATABASE_URL", "EVALHUB_BASE_MODEL", "EVALHUB_OPEN_SIGN_UP"} <= names_in_settings()


@pytest.mark.parametrize("queue", ["default", "gpu"])
def test_the_documented_workers_are_started_as_up_starts_them(queue: str) -> None:
    """TERM hands a run back only where no pool stands between; tests/kills tries it with `up`."""
    documented = re.findall(rf"`celery -A evalhub worker (-Q {queue} .+?)`", operations())
    assert documented == [" ".join(worker_slots(queue))]


def test_a_worker_listens_to_a_queue_for_each_label_that_it_offers(settings: Any) -> None:
    settings.EVALHUB_WORKER_LABELS = ["a100", "big"]
    assert worker_slots("gpu")[:2] == ["-Q", "gpu,gpu.a100,gpu.big"]
    assert worker_slots("default")[:2] == ["-Q", "default"]
    assert labels_of(["a100"]) == ["a100"]
    with pytest.raises(CannotStart, match="EVALHUB_WORKER_LABELS"):
        labels_of(["gpu,default"])


def test_the_documented_production_is_the_one_that_is_checked() -> None:
    for name in PRODUCTION:
        assert re.search(rf"^{name}=", operations(), re.MULTILINE), name


@pytest.mark.parametrize(
    "key",
    ["django-insecure-" + GOOD_KEY, "changeme" * 10, "a" * 60, GOOD_KEY[:49]],
    ids=["Django's own", "a placeholder", "one letter", "too short"],
)
def test_a_key_that_can_be_guessed_is_refused(place: DataDirectory, key: str) -> None:
    with pytest.raises(CannotStart, match="EVALHUB_SECRET_KEY"):
        usable_secret_key(key, place=place, private=True)


def test_production_has_no_default_key(place: DataDirectory) -> None:
    with pytest.raises(CannotStart, match="Set EVALHUB_SECRET_KEY"):
        usable_secret_key("", place=place, private=False)

    assert not place.secret_key_file.exists()


def test_a_private_instance_makes_its_key_once_for_its_owner_alone(place: DataDirectory) -> None:
    first = usable_secret_key("", place=place, private=True)

    assert usable_secret_key("", place=place, private=True) == first
    assert stat.S_IMODE(place.secret_key_file.stat().st_mode) == 0o600
    assert len(first) >= 50


def test_whoever_is_second_takes_the_value_of_the_first(tmp_path: Path) -> None:
    file = tmp_path / "secret"

    def interrupted() -> str:
        written_once(file, lambda: "of the first")
        return "of the second"

    assert written_once(file, interrupted) == "of the first"
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def started_with(place: DataDirectory, **settings: str) -> subprocess.CompletedProcess[str]:
    code = "from evalhub.wsgi import application; from django.conf import settings as s; print(s.DEBUG, s.EVALHUB_OPEN_SIGN_UP)"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment(place, **settings), capture_output=True, text=True, check=False,
    )  # fmt: skip


def loaded_with(place: DataDirectory, **settings: str) -> set[str]:
    """The packages that the web has imported once its pages are known."""
    code = (
        "import sys; from evalhub.wsgi import application; import evalhub.urls;"
        " print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment(place, **settings), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, given, takes",
    [
        ("EVALHUB_PORT", "abc", "a whole number from 1 to 65535"),
        ("EVALHUB_PORT", "70000", "a whole number from 1 to 65535"),
        ("EVALHUB_WORKERS", "x", "a whole number of 1 or more"),
        ("EVALHUB_WEB_WORKERS", "0", "a whole number of 1 or more"),
        ("EVALHUB_LEASE_SECONDS", "", "a whole number of 5 or more"),
    ],
)
def test_a_number_that_is_none_is_refused_by_its_name(
    place: DataDirectory, name: str, given: str, takes: str
) -> None:
    refused = manage(place, "check", **{name: given})
    assert refused.returncode != 0
    assert (
        refused.stderr.strip() == f"evalhub cannot start: {name} is {given!r}. Set it to {takes}."
    )


@pytest.mark.slow
def test_nothing_set_means_no_debugging_and_no_open_sign_up(place: DataDirectory) -> None:
    assert started_with(place).stdout.split() == ["False", "False"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings, named",
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"EVALHUB_HOST": "0.0.0.0"}, ""),
        ({"EVALHUB_HOST": "0.0.0.0", "EVALHUB_ENDPOINT_PRIVATE": "10.1.0.0/16"}, "10.1.0.0/16"),
    ],
    ids=["of one person", "on the network", "as named"],
)
def test_a_server_on_this_machine_is_for_whoever_sits_at_it(
    place: DataDirectory, settings: dict[str, str], named: str
) -> None:
    code = "from evalhub import settings as s; print(','.join(s.EVALHUB_ENDPOINT_PRIVATE))"
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment(place, **settings), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == named


@pytest.mark.slow
def test_production_without_a_key_does_not_start(place: DataDirectory) -> None:
    said = started_with(place, **PRODUCTION | {"EVALHUB_SECRET_KEY": ""})

    assert said.returncode != 0
    assert "Set EVALHUB_SECRET_KEY" in said.stderr


@pytest.mark.slow
def test_a_sign_up_that_nobody_clearly_asked_for_does_not_start(place: DataDirectory) -> None:
    said = started_with(place, EVALHUB_OPEN_SIGN_UP="maybe")

    assert said.returncode != 0
    assert "EVALHUB_OPEN_SIGN_UP" in said.stderr


@pytest.mark.slow
def test_a_provider_brings_its_protocol_and_nobody_else_loads_it(place: DataDirectory) -> None:
    with_it = loaded_with(place, **PROVIDER)
    without = loaded_with(place)
    assert "allauth" in with_it
    assert not {"allauth", "jwt"} & without


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [{}, PRODUCTION, PRODUCTION | PROVIDER],
    ids=["nothing set", "as documented", "with a provider"],
)
def test_the_deployment_check_is_clean(place: DataDirectory, settings: dict[str, str]) -> None:
    said = manage(place, "check", "--deploy", "--fail-level", "WARNING", **settings)

    assert said.returncode == 0, said.stderr
    assert "no issues" in said.stdout


def operations() -> str:
    return (ROOT / "docs" / "operations.md").read_text()


def test_an_instance_apart_reaches_nothing_of_its_starters(
    place: DataDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what they exported nor what stands in their `.env`."""
    theirs = PRODUCTION | {"EVALHUB_FILES": "s3://theirs", "EVALHUB_DATA_DIR": "/theirs"}
    dotenv = tmp_path / ".env"
    dotenv.write_text("".join(f"{name}={value}\n" for name, value in theirs.items()))
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    apart = environment(place)
    monkeypatch.setattr(environ.Env, "ENVIRON", apart)

    environ.Env.read_env(dotenv)

    assert {name for name, value in theirs.items() if apart.get(name) == value} == {
        "EVALHUB_LOG_FORM"  # which harms nobody
    }
