"""The doctor names each fault and its remedy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.temporary import temporary_place
from evalhub.common.supervisor.instance import manage
from evalhub.web import doctor


@pytest.fixture
def place(settings: Any) -> Iterator[DataDirectory]:
    with temporary_place() as made:
        settings.EVALHUB_DATA_DIR = made.root
        yield made


def fault_of(check: Callable[[ExitStack], str]) -> doctor.Fault:
    with ExitStack() as open_things, pytest.raises(doctor.Fault) as caught:
        check(open_things)
    return caught.value


def test_a_key_that_others_may_read(place: DataDirectory) -> None:
    place.secret_key()
    place.secret_key_file.chmod(0o644)

    assert fault_of(doctor.secret_key).remedy == f"chmod 600 {place.secret_key_file}"


def test_a_full_disk(place: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 2**70)

    assert "EVALHUB_DATA_DIR" in fault_of(doctor.disk).remedy


def test_sockets_whose_names_are_too_long(place: DataDirectory, tmp_path: Path) -> None:
    long = tmp_path / ("long" * 25)
    long.mkdir()
    (place.running / "sockets").write_text(str(long))

    assert "TMPDIR" in fault_of(doctor.sockets).remedy


def test_a_model_that_is_not_there(settings: Any, tmp_path: Path) -> None:
    settings.EVALHUB_BASE_MODEL = str(tmp_path / "absent")

    assert "EVALHUB_BASE_MODEL" in fault_of(doctor.model).remedy


def test_a_model_of_which_half_is_there(settings: Any, tmp_path: Path) -> None:
    settings.EVALHUB_BASE_MODEL = str(tmp_path)
    (tmp_path / "config.json").write_text("{}")

    assert str(fault_of(doctor.model)).endswith("lacks tokenizer.json, *.safetensors")


def test_a_name_of_the_hub_needs_leave_to_fetch_it(settings: Any) -> None:
    settings.EVALHUB_BASE_MODEL = "Qwen/Qwen3-0.6B"
    assert "EVALHUB_ALLOW_HUB" in fault_of(doctor.model).remedy

    settings.EVALHUB_ALLOW_HUB = True

    with ExitStack() as open_things:
        assert "from the hub" in doctor.model(open_things)


@pytest.mark.django_db
def test_no_workers(place: DataDirectory) -> None:
    fault = fault_of(doctor.workers)

    assert str(fault) == "no worker for the queue default and gpu"
    assert "manage.py up" in fault.remedy


def test_a_fault_in_one_part_does_not_hide_the_next(place: DataDirectory) -> None:
    place.secret_key()
    place.secret_key_file.chmod(0o644)

    with ExitStack() as open_things:
        found = [
            doctor.look(name, doctor.CHECKS[name], open_things)
            for name in ("secret key", "disk", "sockets")
        ]

    assert [each.ok for each in found] == [False, True, True]


@pytest.mark.slow
def test_with_nothing_running_it_says_to_start_it(place: DataDirectory) -> None:
    said = manage(place, "doctor", "--json")

    assert said.returncode == 1
    found = {each["name"]: each for each in json.loads(said.stdout)["checks"]}
    assert found["database"]["ok"]
    assert found["database"]["detail"].endswith("(started for this look)")
    for name in ("broker", "workers", "web"):
        assert not found[name]["ok"]
        assert "manage.py up" in found[name]["remedy"] or name == "workers"
    assert "manage.py migrate" in found["migrations"]["remedy"]
