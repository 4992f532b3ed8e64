"""Leaks through the ORM: filters and orders that follow relations to a password hash.

The class: `?created_by__password__startswith=a` on a list tells one letter of the hash per request
(CVE-2023-47117 of a peer). No list of ours takes a field's name from the query string, so no
statement may ever restrict or order by such a column.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evalhub.accounts.models import Member
from tests.security.routes import Route, all_routes
from tests.security.world import World

Enter = Callable[[Member], Client]

PATHS = ["password", "user__password", "member__user__password", "created_by__user__password"]
PATHS += ["workspace__members__user__password", "created_by__tokens__digest", "digest"]
LOOKUPS = ["startswith", "regex", "gt", "in"]
ORDERS = ["ordering", "order_by", "sort", "o", "search", "q", "fields", "include", "filter"]
HIDDEN = re.compile(r"(WHERE|ORDER BY|ON).*(\"password\"|accounts_apitoken\"\.\"digest\")", re.S)
ODD_OF_PAGES = ["before='", "before=%00", "page=999999"]
ODD_OF_API = ["cursor=x", "cursor=cD0tMQ==", "limit=-1", "limit=x"]


def lists() -> list[Route]:
    """Every URL that names no row: lists, and pages like them."""
    return [route for route in all_routes() if not route.names_a_row and "sign" not in route.path]


@pytest.fixture
def queries() -> list[str]:
    asked = [f"{path}__{lookup}=a" for path in PATHS for lookup in LOOKUPS]
    return [*asked, *(f"{order}={path}" for order in ORDERS for path in PATHS)]


def test_no_list_filters_or_orders_by_what_it_does_not_show(
    world: World, olga: Member, signed_in: Enter, with_token: Enter, queries: list[str]
) -> None:
    for client in (signed_in(olga), with_token(olga)):
        for route in lists():
            url = next(route.urls(world)) + "?" + "&".join(queries)
            with CaptureQueriesContext(connection) as asked:
                status = client.get(url).status_code
            assert status < 500, url
            for each in asked.captured_queries:
                is_login = "accounts_apitoken t" in each["sql"]  # who the token speaks for
                assert is_login or not HIDDEN.search(each["sql"]), f"{url}\n{each['sql']}"


@pytest.mark.slow
def test_odd_places_to_go_on_from_are_no_crash(
    world: World, olga: Member, signed_in: Enter, with_token: Enter
) -> None:
    by_page, by_api = signed_in(olga), with_token(olga)
    for route in lists():
        client = by_api if route.of_api else by_page
        for odd in ODD_OF_API if route.of_api else ODD_OF_PAGES:
            answer = client.get(f"{next(route.urls(world))}?{odd}")
            assert answer.status_code < 500, f"{route.path}?{odd}"
