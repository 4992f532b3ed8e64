"""Rows reached by their uid from outside: IDOR, horizontal access.

The class: a row is fetched by its id while the permission is checked on another id, or on none
(the annotation tools of the field have all had it). Here every URL that names a row is tried with
every uid of another workspace, right kind or wrong, by every way in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from tests.security.routes import Route, all_routes
from tests.security.world import World

pytestmark = pytest.mark.slow  # hundreds of pages
Enter = Callable[[Member], Client]

ABSENT = "6f8e2a52-0000-4000-8000-000000000000"
FOUND = {200, 302, 400, 405, 409}
# 400: found, but more must be said; 405: a URL for POST only; 409: found, but not in the state for it
NOT_ALLOWED = 405
# Enough for a submit, a release and a heartbeat to look for the row
BODY = {"token": 1, "submission_id": ABSENT}
UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def naming_rows() -> list[Route]:
    return [route for route in all_routes() if route.names_a_row]


def what_opens(client: Client, urls: list[str]) -> list[str]:
    """Where the answer is a success, or another one than for a row that never was."""
    found, absents = [], {}
    for url in urls:
        shape = UID.sub(ABSENT, url)
        if shape not in absents:
            absents[shape] = answers_of(client, shape)
        absent = absents[shape]
        for method, status in answers_of(client, url, besides=shut(absent)).items():
            if status < 400 or status >= 500 or status != absent[method]:
                found.append(f"{method} {url} -> {status}, absent: {absent[method]}")
    return found


def shut(absent: dict[str, int]) -> list[str]:
    """The methods that the URL does not take, whatever row it names."""
    return [method for method, status in absent.items() if status == NOT_ALLOWED]


def answers_of(client: Client, url: str, besides: Iterable[str] = ()) -> dict[str, int]:
    """By GET and by POST; a page gets a form, the API gets JSON."""
    kind = {"content_type": "application/json"} if url.startswith("/api/") else {}
    body = BODY if kind else {}
    ways = {"GET": partial(client.get, url), "POST": partial(client.post, url, body, **kind)}
    return {way: ask().status_code for way, ask in ways.items() if way not in besides}


def test_an_owner_elsewhere_reaches_no_row_of_ours_under_his_own_workspace(
    world: World, charlie: Member, signed_in: Enter
) -> None:
    mine = [route for route in naming_rows() if route.of_workspace]
    urls = [url for route in mine for url in route.likely_urls(world, slug="elsewhere")]
    assert what_opens(signed_in(charlie), urls) == []


@pytest.mark.long
def test_with_no_uid_of_whatever_kind(world: World, charlie: Member, signed_in: Enter) -> None:
    mine = [route for route in naming_rows() if route.of_workspace or route.of_api]
    urls = [url for route in mine for url in route.urls(world, slug="elsewhere")]
    assert what_opens(signed_in(charlie), urls) == []


def test_an_owner_elsewhere_reaches_nothing_under_our_workspace(
    world: World, charlie: Member, signed_in: Enter
) -> None:
    ours = [route for route in all_routes() if route.of_workspace]
    urls = [next(route.urls(world)) for route in ours]
    assert what_opens(signed_in(charlie), urls) == []


def test_the_api_gives_a_stranger_nothing_by_uid_neither_by_token_nor_by_session(
    world: World, charlie: Member, signed_in: Enter, with_token: Enter
) -> None:
    mine = [route for route in naming_rows() if route.of_api]
    urls = [url for route in mine for url in route.likely_urls(world, slug="elsewhere")]
    assert what_opens(with_token(charlie), urls) == []
    assert what_opens(signed_in(charlie), urls) == []


def test_the_same_uids_open_for_those_whose_they_are(
    world: World, olga: Member, signed_in: Enter
) -> None:
    """Else the tests above would pass with every page broken."""
    client = signed_in(olga)
    shut = []
    for route in naming_rows():
        if route.opening(client, world):
            continue
        answers = (client.get(url).status_code for url in route.urls(world))
        if not any(status in FOUND for status in answers):
            shut.append(route.path)
    assert shut == []


def test_nobody_gets_past_the_door_without_signing_in(world: World, client: Client) -> None:
    client.raise_request_exception = False
    for route in all_routes():
        if not route.of_workspace and not route.path.startswith("api/v1/"):
            continue
        url = next(route.urls(world))
        answers = {client.get(url).status_code, client.post(url).status_code}
        assert answers <= {302, 401, 404, 405}, f"{url} -> {answers}"
