"""Work that cannot be lost: the network cut, the server killed, the session over, the tab crashed."""

from __future__ import annotations

import signal
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import pytest
from django.db import connection
from playwright.sync_api import Error, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Draft, Task
from evalhub.common.embedded.children import spawn, wait_until
from evalhub.common.supervisor.instance import free_port
from evalhub.judgments.models import Judgment
from tests.browser.conftest import axe_findings
from tests.browser.desk import campaign_of, open_page, start_session
from tests.browser.hand import (
    SLOW,
    holds,
    is_safe,
    judge,
    keep_shot,
    much_better,
    shown,
    sign_in_here,
    stored,
)
from tests.factories import PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("thirty_seconds"),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]


def test_ten_tasks_judged_without_the_network_are_sent_in_order_exactly_once(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 10, hand_size=20)
    open_page(page, bob, live_server.url, campaign)
    expect(page.locator("#ago")).to_have_text(", 1 s ago")
    holds(page, 10)
    page.context.set_offline(True)
    keys = "1245124512"
    for nth, key in enumerate(keys):
        shown(page, nth)
        judge(page, key)
    expect(page.get_by_role("heading", name="You have judged all")).to_be_visible()
    told = "Kept in this browser, will be sent (10 waiting)"
    expect(page.locator("#status")).to_have_text(told)
    keep_shot(page, "away")
    assert not Judgment.objects.exists()
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Nothing left for you")).to_be_visible(timeout=SLOW)
    is_safe(page)
    margins = {"1": 2, "2": 1, "4": -1, "5": -2}
    assert stored() == [(nth, margins[key]) for nth, key in enumerate(keys)]
    assert set(Task.objects.values_list("judged", "open_places")) == {(1, 0)}


def test_a_judgment_on_which_evalhub_fails_keeps_no_other_waiting(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 3, hand_size=20)
    open_page(page, bob, live_server.url, campaign)
    holds(page, 3)
    first = page.locator("#sheet").get_attribute("data-assignment")
    faults: list[str] = []

    def fail(route: Route) -> None:
        if f"assignment={first}" in (route.request.post_data or "") and len(faults) < 4:
            faults.append(route.request.url)
            route.fulfill(status=500, content_type="text/html", body="evalhub failed here")
        else:
            route.continue_()

    page.route("**/submit/", fail)
    for nth, key in enumerate("145"):
        shown(page, nth)
        judge(page, key)
    expect(page.get_by_role("alert")).to_contain_text("evalhub fails on one", timeout=SLOW)
    keep_shot(page, "fault")
    is_safe(page)
    assert [nth for nth, _ in stored()] == [1, 2, 0], "the one that failed is behind the others"
    assert len(faults) == 4


def serve(port: int, log: Path, *words: str) -> Popen[bytes]:
    command = [sys.executable, "-m", "tests.browser.mortal_server", str(port)]
    command += [str(connection.settings_dict["NAME"]), *words]
    server = spawn(command, log=log, dies_with_us_by=signal.SIGKILL)

    def answers() -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health/"):
            return True
        return False

    assert wait_until(answers, seconds=30), log.read_text()
    return server


def test_a_server_killed_in_the_middle_of_a_submit_counts_it_once(
    page: Page, bob: Member, tmp_path: Path
) -> None:
    campaign = campaign_of(bob, "comparison", 2)
    port, log = free_port(), tmp_path / "server.log"
    url = f"http://127.0.0.1:{port}"
    server = serve(port, log, "dies")
    try:
        start_session(page, bob, url)
        page.goto(f"{url}/w/acme/campaigns/{campaign.uid}/judge/")
        holds(page, 2)
        judge(page, "1")
        assert wait_until(lambda: server.poll() == -signal.SIGKILL, seconds=10)
        told = "Kept in this browser, will be sent (1 waiting)"
        expect(page.locator("#status")).to_have_text(told)
        assert stored() == [(0, 2)]
        shown(page, 1)
        judge(page, "5")
        expect(page.locator("#status")).to_have_text(told.replace("1", "2"))
        server = serve(port, log)
        heading = page.get_by_role("heading", name="Nothing left for you")
        expect(heading).to_be_visible(timeout=SLOW)
        is_safe(page)
        assert stored() == [(0, 2), (1, -2)]
        page.goto("about:blank")
    finally:
        server.kill()
        server.wait()


def test_a_session_that_ended_is_begun_again_in_place_by_the_same_person_only(
    page: Page, live_server: LiveServer, bob: Member, alice: Member, charlie: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 3, hand_size=3, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    holds(page, 3)  # all of them: no colleague judges here yet
    alice.roles = ["annotator"]
    alice.save()
    page.context.clear_cookies()
    judge(page, "1")
    shown(page, 1)
    page.get_by_label("Why?").fill("half a thought")
    expect(page.get_by_text("You are signed out")).to_be_visible()
    page.get_by_role("button", name="Sign in here").click()
    assert axe_findings(page) == []
    keep_shot(page, "sign-in")
    sign_in_here(page, "bob", "wrong")
    expect(page.get_by_text("do not fit together")).to_be_visible()
    sign_in_here(page, "alice", PASSWORD)
    expect(page.get_by_text("alice is signed in now")).to_be_visible()
    sign_in_here(page, "charlie", PASSWORD)
    expect(page.get_by_text("No such workspace")).to_be_visible()
    assert not Judgment.objects.exists()
    assert not Draft.objects.exists()
    sign_in_here(page, "bob", PASSWORD)
    is_safe(page)
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_hidden()
    expect(page.get_by_label("Why?")).to_have_value("half a thought")
    assert Draft.objects.get().body["fields"]["critique"] == "half a thought"
    judge_again = Judgment.objects.get()
    assert (judge_again.member, judge_again.task.lot) == (bob, 0)
    page.get_by_label(much_better("B")).check()
    page.keyboard.press("Control+Enter")
    shown(page, 2)
    is_safe(page)
    assert stored() == [(0, 2), (1, -2)]


def test_a_crashed_tab_comes_back_with_all_that_was_typed_and_judged(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    holds(page, 2)
    page.context.set_offline(True)
    judge(page, "1")
    shown(page, 1)
    page.get_by_label("Why?").fill("half a thought")
    expect(page.locator("#status")).to_have_text("Kept in this browser, will be sent (1 waiting)")
    with suppress(Error):
        page.goto("chrome://crash", timeout=2_000)
    page.close()
    assert not Judgment.objects.exists()
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto(f"{live_server.url}/w/acme/campaigns/{campaign.uid}/judge/")
    is_safe(again)
    shown(again, 1)
    expect(again.get_by_label("Why?")).to_have_value("half a thought")
    assert stored() == [(0, 2)]
    assert wait_until(Draft.objects.exists, seconds=5)
