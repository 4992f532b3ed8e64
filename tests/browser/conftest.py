"""Chromium against a live server: signing in, axe, and a page that must stay quiet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.db import connection
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page, ViewportSize
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.common.embedded.children import wait_until
from tests.factories import PASSWORD

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1440, "height": 900}

SignIn = Callable[[Member], None]


@pytest.fixture(autouse=True)
def _really_commits(transactional_db: None) -> Iterator[None]:
    """The server's threads must see what the test wrote, and be done before it is wiped away."""
    yield
    wait_until(lambda: not _serving(), seconds=3, every=0.02)  # the page has been closed
    assert wait_until(lambda: not _at_work(), seconds=20), _at_work()


@pytest.fixture
def thirty_seconds(settings: Any) -> None:
    """The time for an undo as people have it; elsewhere in the tests a judgment counts at once."""
    settings.EVALHUB_UNDO_SECONDS = 30


def _serving() -> list[str]:
    """The live server's threads that have a connection open, whether or not somebody asks."""
    return [each.name for each in threading.enumerate() if "process_request" in each.name]


def _at_work() -> list[str]:
    """What other connections to the test's database do at this moment: they would block its wiping."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        return [query for (query,) in cursor.fetchall()]


@pytest.fixture(scope="session")
def base_url(live_server: LiveServer) -> str:
    return str(live_server.url)


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """axe is injected, so the context bypasses the CSP; test_csp.py looks at pages under it."""
    return browser_context_args | {"bypass_csp": True}


@pytest.fixture
def quiet(page: Page) -> Iterator[list[str]]:
    """What the console said; a test ends in failure when anything stands here."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(f"{message.text} at {message.location.get('url')}")

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield said
    assert not said, "\n".join(said)


@pytest.fixture
def sign_in(page: Page) -> SignIn:
    """Through the form, as a person does."""

    def as_member(member: Member) -> None:
        assert member.user is not None
        page.goto("/sign-in/")
        page.get_by_label("User name").fill(member.user.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**/w/{member.workspace.slug}/")

    return as_member


def session_of(member: Member, url: str) -> dict[str, str]:
    """The cookie of somebody who has signed in, for tests that are not about the door."""
    client = Client()
    assert member.user is not None
    client.force_login(member.user)
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}


AXE = """async (options) => {
    const { violations } = await axe.run(options);
    return violations.flatMap(({ id, nodes }) => nodes.map(
        ({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${(failureSummary ?? "").slice(0, 200)}`));
}"""


def axe_findings(page: Page, *, colours: bool = True) -> list[str]:
    """Each finding with the elements it is about; an empty list is a clean page.

    Args:
        colours: looking at contrast takes most of the time, and a page that was looked at in one size has
            the same colours in another; tests/evalhub/web/test_colours.py holds the contrasts of both schemes.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {
        "resultTypes": ["violations"],  # the rest is told in less detail, sooner
        "preload": False,  # for rules that are off
    }
    if not colours:
        options["rules"] = {"color-contrast": {"enabled": False}}
    return list(page.evaluate(AXE, options))


def scrolls_sideways(page: Page) -> bool:
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )
