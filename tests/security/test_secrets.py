"""Secrets that leak: guessable keys, readable files, tokens in answers, logs and the audit log.

The class: a default SECRET_KEY in the source forged any session; a generated one was readable by
every account of the machine; tokens came back from endpoints that some script could call.
"""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from evalhub.accounts.models import ApiToken, Member
from evalhub.audit.models import Entry
from evalhub.common.canonical import sha256_of
from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.secrets import usable_secret_key
from evalhub.common.logs import without_secrets
from evalhub.jobs.models import Job, News
from tests.security.pages import pages_of, shown_by
from tests.security.routes import all_routes
from tests.security.world import World

Enter = Callable[[Member], Client]

GUESSABLE = ["", "changeme", "django-insecure-" + "x7" * 30, "a" * 60, "short-but-random-9fQ"]


@pytest.mark.parametrize("key", GUESSABLE)
def test_a_server_with_a_guessable_key_refuses_to_start(key: str, tmp_path: Path) -> None:
    with pytest.raises(CannotStart):
        usable_secret_key(key, place=DataDirectory(tmp_path), private=False)


def test_the_key_that_is_made_for_a_private_instance_is_its_owners_alone(tmp_path: Path) -> None:
    place = DataDirectory(tmp_path / "data")
    place.prepare()
    first = usable_secret_key("", place=place, private=True)
    assert usable_secret_key("", place=place, private=True) == first
    assert len(first) >= 50
    place.database_password()
    for file in (place.secret_key_file, place.database_password_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_secret_of_ours_is_in_the_source() -> None:
    assert settings.SECRET_KEY not in Path(settings.BASE_DIR / "evalhub/settings.py").read_text()


def test_a_public_server_without_a_key_says_what_to_set(tmp_path: Path) -> None:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings.BASE_DIR,
        env=environment
        | {"DATABASE_URL": "postgres://nobody@nowhere/x", "EVALHUB_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "EVALHUB_SECRET_KEY" in done.stderr


@pytest.mark.slow
def test_the_text_of_a_token_is_in_one_answer_and_nowhere_else(
    world: World, olga: Member, signed_in: Enter
) -> None:
    """Neither is its digest, nor the hash of a password."""
    assert olga.user is not None
    client = signed_in(olga)
    made = client.post("/w/acme/tokens/", {"name": "laptop"})
    token = ApiToken.objects.get(name="laptop")
    text = next(word for word in made.content.decode().split('"') if token.prefix in word)
    text = text[text.index("evh_") :].partition("<")[0].strip()
    assert sha256_of(text) == token.digest, "the page shows the token, this once"
    assert made.headers["Cache-Control"].find("no-store") >= 0
    secrets = [text.encode(), token.digest.encode(), olga.user.password.encode()]
    for url, answer in pages_of(client, all_routes(), world, partials=False):
        shown = shown_by(answer)
        assert not any(secret in shown for secret in secrets), url
    rows = [*Entry.objects.values(), *Job.objects.values(), *News.objects.values()]
    assert not any(text in str(row) or token.digest in str(row) for row in rows)


def test_a_refused_token_is_not_written_to_the_log(
    client: Client, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = client.get("/api/v1/campaigns", headers={"authorization": "Bearer evh_dearest"})
    assert answer.status_code == 401
    assert "evh_dearest" not in answer.content.decode() + caplog.text


def test_log_lines_leave_out_what_is_called_a_secret_and_passwords_in_addresses() -> None:
    event = {
        "event": "Bearer evh_dearest was refused",
        "password": "dearest",
        "api_key": "dearest",
        "url": "postgres://evalhub:dearest@host/db",
    }
    assert "dearest" not in str(without_secrets(None, "info", event))
