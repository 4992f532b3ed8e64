"""A line that swallows, cuts or turns away: what is typed and judged is never called safe too early."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Draft
from evalhub.campaigns.services.leases import release_untouched
from evalhub.common.embedded.children import wait_until
from evalhub.judgments.views import keeping
from tests.browser.desk import campaign_of, is_ready, open_page
from tests.browser.hand import SLOW, holds, is_safe, judge, keep_shot, shown, stored

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("thirty_seconds"),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]
KEPT = "Kept in this browser, will be sent"


def test_what_was_typed_before_a_skip_that_failed_is_saved_all_the_same(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, hand_size=2, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    holds(page, 2)
    page.context.set_offline(True)
    page.get_by_label("Why?").fill("half a thought")
    page.keyboard.press("Escape")
    expect(page.locator("#status")).to_have_text(KEPT)
    page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="Skip this task")
    dialog.get_by_role("button", name="Skip").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(page.locator("#status")).to_have_text(KEPT)
    dialog.get_by_role("button", name="Stay").click()
    page.context.set_offline(False)
    is_safe(page)
    assert Draft.objects.get().body["fields"]["critique"] == "half a thought"


def test_a_line_that_swallows_everything_is_told_within_seconds_and_outlived(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 4, hand_size=4)
    open_page(page, bob, live_server.url, campaign)
    holds(page, 4)
    line = {"is": "swallowing"}

    def swallow(route: Route) -> None:
        if line["is"] == "well":
            route.continue_()  # what came before is never answered

    page.route("**/judge/**", swallow)
    judge(page, "1")
    shown(page, 1)
    expect(page.locator("#status")).to_have_text(f"{KEPT} (1 waiting)")
    page.keyboard.press("u")
    expect(page.get_by_role("alert")).to_contain_text("You are offline")
    shown(page, 1)
    judge(page, "5")
    shown(page, 2)
    line["is"] = "well"
    is_safe(page)
    assert stored() == [(0, 2), (1, -2)]


def test_a_reload_that_crosses_with_leaving_holds_all_of_its_hand(
    page: Page, live_server: LiveServer, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    was_left, is_back = [], Event()

    def leave_late(**told: Any) -> int:  # as `release_untouched`
        was_left.append(told["held"])
        assert is_back.wait(30)
        return release_untouched(**told)

    monkeypatch.setattr(keeping, "release_untouched", leave_late)
    campaign = campaign_of(bob, "comparison", 6, hand_size=6)
    open_page(page, bob, live_server.url, campaign)
    holds(page, 6)
    with page.expect_response("**/next/*"):  # which takes up what the page before will hand back
        page.reload()
    assert wait_until(lambda: bool(was_left), seconds=10)
    is_back.set()
    is_ready(page)
    held = Assignment.objects.held()
    assert wait_until(lambda: held.count() < 6, seconds=10)
    assert wait_until(lambda: held.count() == 6, seconds=20), held.count()
    here = page.locator("#sheet").get_attribute("data-assignment")
    assert held.filter(uid=here).exists()


def test_a_judgment_that_a_proxy_turns_away_keeps_no_other_waiting(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 3, hand_size=3)
    open_page(page, bob, live_server.url, campaign)
    holds(page, 3)
    first = page.locator("#sheet").get_attribute("data-assignment")
    too_large = {"is": True}

    def turn_away(route: Route) -> None:
        if f"assignment={first}" in (route.request.post_data or "") and too_large["is"]:
            route.fulfill(status=413, content_type="text/html", body="Request Entity Too Large")
        else:
            route.continue_()

    page.route("**/submit/", turn_away)
    for nth, key in enumerate("145"):
        shown(page, nth)
        judge(page, key)
    expect(page.get_by_role("alert")).to_contain_text("(HTTP 413)", timeout=SLOW)
    expect(page.locator("#status")).to_have_text(f"{KEPT} (1 waiting)", timeout=SLOW)
    assert [nth for nth, _ in stored()] == [1, 2]
    too_large["is"] = False
    is_safe(page)
    assert [nth for nth, _ in stored()] == [1, 2, 0]


def test_whoever_lost_the_role_is_told_so_and_not_asked_to_sign_in(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 3, hand_size=3)
    open_page(page, bob, live_server.url, campaign)
    holds(page, 3)
    bob.roles = ["engineer"]
    bob.save()
    judge(page, "1")
    shown(page, 1)
    expect(page.get_by_role("alert")).to_contain_text("cannot judge here any more", timeout=SLOW)
    expect(page.get_by_role("button", name="Sign in here")).to_be_hidden()
    expect(page.locator("#status")).to_have_text(f"{KEPT} (1 waiting)")
    keep_shot(page, "barred")
    bob.roles = ["annotator"]
    bob.save()
    is_safe(page)
    assert stored() == [(0, 2)]


def test_without_locks_an_undo_while_a_draft_is_saved_stops_the_submit(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    page.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })"
    )
    campaign = campaign_of(bob, "comparison", 2, hand_size=2, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    holds(page, 2)
    stalled: list[Route] = []

    def stall_first(route: Route) -> None:
        if stalled:
            route.continue_()
        else:
            stalled.append(route)

    page.route("**/draft/", stall_first)
    page.get_by_label("Why?").fill("half a thought")
    assert wait_until(lambda: page.evaluate("true") and len(stalled) == 1, seconds=5)
    page.keyboard.press("Escape")
    judge(page, "1")
    shown(page, 1)
    page.keyboard.press("u")
    shown(page, 0)
    stalled[0].continue_()
    is_safe(page)
    assert stored() == []
    assert wait_until(lambda: Draft.objects.count() == 1, seconds=5)
