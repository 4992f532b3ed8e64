"""The keys of rows stay inside: no list of the API and no form shows one."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from evalhub.accounts.models import Member
from tests.contract.urls import workspace_urls
from tests.contract.world import World
from tests.factories import RunFactory

FIRST_KEY = 7_000_000_000  # such a number stands nowhere else
NOT_OURS = ("django", "auth", "account_", "socialaccount_")
OF_ONE_CAMPAIGN = ("/api/v1/browse/tasks",)
KEY = re.compile(r"7000\d{6}")


@pytest.fixture
def world(olga: Member) -> World:
    with connection.cursor() as cursor:
        cursor.execute("SELECT c.relname FROM pg_class c WHERE c.relkind = 'S'")
        for (name,) in cursor.fetchall():
            if name.endswith("_id_seq") and not name.startswith(NOT_OURS):
                cursor.execute(
                    "SELECT setval(%s, GREATEST(%s, nextval(%s)))", [name, FIRST_KEY, name]
                )
    return World(olga.workspace)


def walked(client: Client, path: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Every row of a list, two at a time, and every cursor met; back to the start as well."""
    rows, cursors, url = [], [], f"{path}?workspace=acme&limit=2"
    last: dict[str, Any] = {}
    while url:
        last = client.get(url).json()
        rows += last["results"]
        url = last["next"]
        cursors += [last[way] for way in ("next", "previous") if last[way]]
    if last["previous"]:
        back = client.get(last["previous"]).json()
        assert back["results"][-1] == rows[-len(last["results"]) - 1]
    return rows, cursors


def told(link: str) -> str:
    """What stands in a cursor."""
    [cursor] = parse_qs(urlsplit(link).query)["cursor"]
    return unquote(b64decode(cursor).decode())


def test_no_list_of_the_api_tells_a_key(client: Client, olga: Member, world: World) -> None:
    client.force_login(olga.user)
    world.grow(5)
    paths = [
        url.path(world, workspace="acme")
        for url in workspace_urls()
        if url.is_api and not url.names_an_object
    ]
    for path in paths:
        answer = client.get(path, {"workspace": "acme"})
        if answer.status_code != 200:
            continue
        if "results" not in answer.json():  # figures, not a list of rows
            assert not KEY.search(answer.content.decode()), path
            continue
        rows, links = walked(client, path)
        few = 1 if path in OF_ONE_CAMPAIGN else 5
        assert len({row["uid"] for row in rows}) == len(rows) >= few, path
        for link in links:
            [place] = parse_qs(told(link))["p"]
            assert UUID(place), path
        assert not KEY.search(str(rows) + "".join(map(told, links))), path


def test_no_page_and_no_form_tells_a_key(client: Client, olga: Member, world: World) -> None:
    client.force_login(olga.user)
    world.grow(2)
    for url in workspace_urls():
        path = url.path(world, workspace="acme")
        if url.is_api:
            continue
        answer = client.get(path)
        if answer.status_code == 200 and not answer.streaming:
            assert not KEY.search(answer.content.decode()), path


def test_a_cursor_that_names_no_row_of_the_list_is_refused(
    client: Client, olga: Member, world: World
) -> None:
    client.force_login(olga.user)
    elsewhere = RunFactory.create()
    for place in (str(elsewhere.uid), "1132", "x"):
        cursor = b64encode(f"p={place}".encode()).decode()
        answer = client.get("/api/v1/runs", {"workspace": "acme", "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
