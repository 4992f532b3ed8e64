"""Pages under the policy that browsers really get: nothing of ours is refused by it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from evalhub.accounts.models import Member, Workspace
from evalhub.jobs.choices import JobState
from tests.browser.conftest import session_of
from tests.contract.world import World
from tests.factories import JobFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def strict_page(browser: Browser, base_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=base_url, bypass_csp=False)
    yield context.new_page()
    context.close()


def test_no_page_of_the_menu_is_refused_anything(
    strict_page: Page, base_url: str, olga: Member, acme: Workspace
) -> None:
    World(acme).grow(1)
    refused: list[str] = []
    strict_page.on(
        "console", lambda line: refused.append(line.text) if line.type == "error" else None
    )
    strict_page.context.add_cookies([session_of(olga, base_url)])
    strict_page.goto("/w/acme/")
    links = strict_page.locator("#menu a").evaluate_all("links => links.map(link => link.href)")
    for link in dict.fromkeys(links):
        strict_page.goto(link)
    assert refused == []


def test_the_list_of_jobs_keeps_itself_up_to_date(
    strict_page: Page, base_url: str, olga: Member, acme: Workspace
) -> None:
    """htmx works without `unsafe-eval`, and stops asking when nothing is under way."""
    job = JobFactory.create(workspace=acme, title="Reading")
    strict_page.context.add_cookies([session_of(olga, base_url)])
    strict_page.goto("/w/acme/jobs/")
    assert strict_page.get_by_text("queued").is_visible()
    job.state, job.ended_at = JobState.SUCCEEDED, acme.created_at
    job.save()
    strict_page.get_by_text("succeeded").wait_for()
    assert strict_page.locator("#rows[hx-get]").count() == 0
