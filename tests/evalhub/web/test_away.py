"""The database is away: a 503 that says when to come again, in the place's own form, with no trace of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client, RequestFactory

from evalhub.web.error_pages import broken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def no_database(tmp_path: Path, acme: object) -> Iterator[None]:
    """Nobody listens where the connection is made anew."""
    connection.close()
    before = connection.settings_dict["HOST"]
    connection.settings_dict["HOST"] = str(tmp_path)
    yield
    connection.settings_dict["HOST"] = before
    connection.close()


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize("session", ["", "somebody"])
def test_the_api_says_so_as_a_problem(session: str) -> None:
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = session

    answer = client.get("/api/v1/campaigns", headers={"Authorization": "Bearer x"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "database_away"
    assert "psycopg" not in answer.content.decode()


@pytest.mark.usefixtures("no_database")
def test_a_page_says_so_in_words() -> None:
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "somebody"

    answer = client.get("/w/acme/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The database is away for a moment." in answer.content.decode()


def test_a_statement_that_waits_too_long_is_a_fault_of_ours() -> None:
    """An OperationalError too."""
    request = RequestFactory().get("/api/v1/workspaces/")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1")
            cursor.execute("SELECT pg_sleep(9)")
    except OperationalError:
        answer = broken(request)

    assert (answer.status_code, "Retry-After" in answer.headers) == (500, False)
