"""What colleagues hold comes back to whoever waits for it; what is signed out of leaves nothing behind."""

from __future__ import annotations

import pytest
from playwright.sync_api import Dialog, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Task
from tests import factories as make
from tests.browser.conftest import axe_findings
from tests.browser.desk import campaign_of, is_ready, open_page
from tests.browser.hand import holds, is_safe, judge, keep_shot, shown

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]
SECRET = "a secret of a patient"


def test_what_colleagues_hold_is_told_and_comes_by_itself_when_it_is_handed_back(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 3)
    carol = make.MemberFactory.create(workspace=bob.workspace, roles=["annotator"])
    first, *rest = campaign.tasks.order_by("rank")
    for task in rest:
        make.AssignmentFactory.create(task=task, member=carol)
    campaign.tasks.exclude(pk=first.pk).update(open_places=0)
    page.clock.install()
    open_page(page, bob, live_server.url, campaign)
    is_ready(page)
    judge(page, "1")
    expect(page.get_by_role("heading", name="Colleagues hold what is left")).to_be_visible()
    expect(page.get_by_text("2 tasks are in their hands")).to_be_visible()
    assert axe_findings(page) == []
    keep_shot(page, "colleagues")
    Assignment.objects.filter(task=rest[0]).update(state="released")
    Task.objects.filter(pk=rest[0].pk).update(open_places=1)
    page.clock.fast_forward(61_000)
    shown(page, rest[0].lot)
    Assignment.objects.filter(task=rest[1]).update(state="submitted")
    Task.objects.filter(pk=rest[1].pk).update(judged=1)
    judge(page, "1")
    expect(page.get_by_role("heading", name="Nothing left for you here")).to_be_visible()


def test_signing_out_takes_away_what_the_server_has_and_warns_of_the_rest(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, hand_size=2, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    holds(page, 2)
    stored = "JSON.stringify(localStorage)"
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    def go(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.route("**/draft/", lambda route: route.abort())
    page.get_by_label("Why?").fill(SECRET)
    expect(page.locator("#status")).to_have_text("Kept in this browser, will be sent")
    page.once("dialog", stay)
    sign_out(page)
    expect(page.get_by_label("Why?")).to_have_value(SECRET)
    assert "has not been sent" in asked[0]
    assert SECRET in page.evaluate(stored)
    page.unroute("**/draft/")
    page.keyboard.press("Escape")
    is_safe(page)
    page.once("dialog", go)
    sign_out(page)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert len(asked) == 1, "nothing was unsent the second time"
    assert SECRET not in page.evaluate(stored)


def sign_out(page: Page) -> None:
    button = page.get_by_role("button", name="Sign out")
    if not button.is_visible():
        page.get_by_role("button", name="Menu").click()
    button.click()


def test_drafts_of_last_month_are_dropped_when_the_desk_opens(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, hand_size=2, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    is_ready(page)
    keep = "([key, days]) => localStorage.setItem(key, JSON.stringify({ fields: [], at: Date.now() - days * 86400000 }))"
    for name, days in (("old", 31), ("new", 29)):
        page.evaluate(keep, [f"evalhub.draft.{bob.uid}.{name}.page", days])
    page.reload()
    is_ready(page)
    kept = page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith('.page'))")
    assert kept == [f"evalhub.draft.{bob.uid}.new.page"]
