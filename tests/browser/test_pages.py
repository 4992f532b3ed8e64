"""A walk through the menu for each role, on a desktop and on a phone, in light and in dark."""

from __future__ import annotations

from typing import Literal, NamedTuple
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Page

from evalhub.accounts.models import Member, Workspace
from evalhub.jobs.choices import JobState
from evalhub.rubrics.services import default_rubric
from evalhub.web.help import help_pages
from tests import factories as make
from tests.browser.conftest import DESKTOP, PHONE, SignIn, axe_findings, scrolls_sideways
from tests.contract.urls import workspace_urls
from tests.contract.world import World

pytestmark = pytest.mark.browser


class Look(NamedTuple):
    size: dict[str, int]
    scheme: Literal["light", "dark"]


@pytest.fixture(autouse=True)
def _a_lived_in_workspace(acme: Workspace) -> None:
    World(acme).grow(1)
    default_rubric(workspace=acme)
    make.JobFactory.create(
        workspace=acme, title="Reading questions-from-support-2026-week-47.jsonl"
    )
    make.JobFactory.create(
        workspace=acme,
        title="Training",
        state=JobState.CANCELLED,
        error="The loss was not finite at step 12. Try a lower learning rate.",
        ended_at=acme.created_at,
    )


DAYLIGHT = Look(DESKTOP, "light")
NIGHT = Look(PHONE, "dark")


def dress(page: Page, look: Look) -> None:
    page.set_viewport_size({"width": look.size["width"], "height": look.size["height"]})
    page.emulate_media(color_scheme=look.scheme)


def assert_well_made(page: Page, path: str) -> None:
    page.goto(path)
    assert page.locator("h1").count() == 1, path
    assert not scrolls_sideways(page), path
    assert axe_findings(page) == [], path


def menu_of(page: Page) -> list[str]:
    links = page.locator("#menu a").evaluate_all("links => links.map(link => link.href)")
    return list(dict.fromkeys(urlparse(link).path for link in links))


# By night in the long run: tests/evalhub/web/test_colours.py holds the contrasts of both
LOOKS = [DAYLIGHT, pytest.param(NIGHT, marks=pytest.mark.long)]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.scheme)
@pytest.mark.usefixtures("quiet")
def test_every_page_of_the_menu_is_quiet_and_accessible(
    page: Page, sign_in: SignIn, olga: Member, look: Look
) -> None:
    dress(page, look)
    sign_in(olga)
    for path in menu_of(page):
        assert_well_made(page, path)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.scheme)
@pytest.mark.usefixtures("quiet")
def test_every_page_about_one_thing_is_quiet_and_accessible(
    page: Page, sign_in: SignIn, olga: Member, look: Look
) -> None:
    dress(page, look)
    sign_in(olga)
    world = World(olga.workspace)
    for url in workspace_urls():
        is_somebodys_own = (
            "/my-work/" in url.route
        )  # test_gold.py and test_my_work.py look at those
        if url.route.endswith("<uuid:uid>/") and not (url.is_api or is_somebodys_own):
            assert_well_made(page, url.path(world, workspace="acme"))


@pytest.mark.long  # one template for all of them: what differs is Markdown
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.scheme)
@pytest.mark.usefixtures("quiet")
def test_every_help_page_is_quiet_and_accessible(
    page: Page, sign_in: SignIn, bob: Member, look: Look
) -> None:
    dress(page, look)
    sign_in(bob)
    for each in help_pages():
        assert_well_made(page, f"/w/acme/help/{each.name}/")


@pytest.mark.parametrize("cast_as", ["alice", "bob", "erin"])
@pytest.mark.usefixtures("quiet")
def test_the_home_of_each_role_is_well_made(
    page: Page, sign_in: SignIn, request: pytest.FixtureRequest, cast_as: str
) -> None:
    dress(page, NIGHT)
    sign_in(request.getfixturevalue(cast_as))
    assert_well_made(page, "/w/acme/")


def test_the_menu_opens_on_a_phone_without_scripts(
    page: Page, sign_in: SignIn, bob: Member
) -> None:
    dress(page, NIGHT)
    page.route("**/*.js", lambda route: route.abort())
    sign_in(bob)
    help_link = page.get_by_role("link", name="Help", exact=True)
    assert not help_link.is_visible()
    page.get_by_role("button", name="Menu").click()
    help_link.click()
    page.wait_for_url("**/help/")
