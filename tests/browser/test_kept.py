"""Work that cannot be lost: the network cut, the server killed, the tab crashed, two tabs, a lease lost.

Set EVALHUB_SHOTS to a folder to keep pictures.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Error, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Campaign, Draft, Task
from evalhub.common.embedded.children import spawn, wait_until
from evalhub.common.supervisor.instance import free_port
from evalhub.judgments.models import Judgment
from tests.browser.conftest import DESKTOP, PHONE, axe_findings
from tests.browser.desk import campaign_of, open_page, start_session
from tests.factories import PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]
SLOW = 20_000  # milliseconds that the page may take to notice that the server is back


@pytest.fixture(autouse=True)
def thirty_seconds(settings: Any) -> None:
    settings.EVALHUB_UNDO_SECONDS = 30


def holds(page: Page, count: int) -> None:
    """Wait until so many tasks are in the page's hand, and it has asked for no more."""
    assert wait_until(lambda: Assignment.objects.held().count() == count, seconds=10)
    page.wait_for_load_state("networkidle")


def shown(page: Page, task: int) -> None:
    expect(page.get_by_text(f"Task {task}, text 0.", exact=True)).to_be_visible(timeout=SLOW)


def is_safe(page: Page) -> None:
    expect(page.locator("#status")).to_have_text("Safe on the server", timeout=SLOW)


def much_better(label: str) -> re.Pattern[str]:
    return re.compile({"A": "A ≫", "B": "B ≫"}[label])


def keep_shot(page: Page, name: str) -> None:
    if folder := os.environ.get("EVALHUB_SHOTS"):
        for size, at in (("desktop", DESKTOP), ("phone", PHONE)):
            for scheme in ("light", "dark"):
                page.set_viewport_size(at)
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two
                page.screenshot(path=Path(folder) / f"kept-{name}-{size}-{scheme}.png")
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")


def judge(page: Page, key: str) -> None:
    page.keyboard.press(key)
    page.keyboard.press("Control+Enter")


def stored() -> list[tuple[int, int]]:
    """The rank of the task and the margin towards A as shown, in the order in which they came."""
    rows = Judgment.objects.order_by("pk").select_related("task", "assignment")
    found = []
    for row in rows:
        assert row.assignment is not None
        towards = 1 if row.assignment.permutation == [0, 1] else -1
        found.append((row.task.lot, row.preferences.get().margin * towards))
    return found


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


def sign_in(page: Page, name: str, password: str) -> None:
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("User name").fill(name)
    dialog.get_by_label("Password").fill(password)
    dialog.get_by_role("button", name="Sign in").click()


def test_a_session_that_ended_is_begun_again_in_place_by_the_same_person_only(
    page: Page, live_server: LiveServer, bob: Member, alice: Member, charlie: Member
) -> None:
    alice.roles = ["annotator"]
    alice.save()
    campaign = campaign_of(bob, "comparison", 3, hand_size=3, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    holds(page, 3)
    page.context.clear_cookies()
    judge(page, "1")
    shown(page, 1)
    page.get_by_label("Why?").fill("half a thought")
    expect(page.get_by_text("You are signed out")).to_be_visible()
    page.get_by_role("button", name="Sign in here").click()
    assert axe_findings(page) == []
    keep_shot(page, "sign-in")
    sign_in(page, "bob", "wrong")
    expect(page.get_by_text("do not fit together")).to_be_visible()
    sign_in(page, "alice", PASSWORD)
    expect(page.get_by_text("alice is signed in now")).to_be_visible()
    sign_in(page, "charlie", PASSWORD)
    expect(page.get_by_text("No such workspace")).to_be_visible()
    assert not Judgment.objects.exists()
    assert not Draft.objects.exists()
    sign_in(page, "bob", PASSWORD)
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


def test_two_tabs_write_over_nothing_and_the_person_chooses(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    other = page.context.new_page()
    other.goto(page.url)
    first, second = page.get_by_label("Why?"), other.get_by_label("Why?")
    first.fill("from the first tab")
    assert wait_until(Draft.objects.exists, seconds=5)
    is_safe(page)
    second.fill("from the second tab")
    dialog = other.get_by_role("dialog", name="Two versions of this task")
    expect(dialog).to_contain_text("from the first tab")
    expect(dialog).to_contain_text("from the second tab")
    assert axe_findings(other) == []
    keep_shot(other, "choose")
    dialog.get_by_role("button", name="Take the other one").click()
    expect(second).to_have_value("from the first tab")
    is_safe(other)
    second.fill("the second tab again")
    is_safe(other)
    first.fill("the first tab again")
    dialog = page.get_by_role("dialog", name="Two versions of this task")
    expect(dialog).to_contain_text("the second tab again")
    dialog.get_by_role("button", name="Keep mine").click()
    is_safe(page)
    assert Draft.objects.get().body["fields"]["critique"] == "the first tab again"
    page.get_by_label(much_better("A")).check()
    page.keyboard.press("Control+Enter")
    expect(other.get_by_text("What you had typed here differs")).to_be_visible()
    shown(page, 1)
    shown(other, 1)
    is_safe(other)
    assert Judgment.objects.get().critique == "the first tab again"
    assert wait_until(lambda: Draft.objects.filter(late=True).exists(), seconds=5)
    late = Draft.objects.get(late=True)
    assert late.body["fields"]["critique"] == "the second tab again"


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


def lose(campaign: Campaign, *, places: int) -> None:
    """Bob's time for the first task runs out; `places` 0: somebody else judges it meanwhile."""
    task = campaign.tasks.order_by("rank")[0]
    task.assignments.update(state="expired", ended_at=timezone.now())
    Task.objects.filter(pk=task.pk).update(open_places=places, judged=1 - places)


def test_a_lease_that_ran_out_is_taken_up_again_while_there_is_a_place(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2)
    open_page(page, bob, live_server.url, campaign)
    holds(page, 2)
    lose(campaign, places=1)
    judge(page, "1")
    shown(page, 1)
    is_safe(page)
    assert stored() == [(0, 2)]
    assert Judgment.objects.get().assignment.token == 2  # type: ignore[union-attr]  # it has one
    assert not Draft.objects.exists()


def test_late_work_is_said_kept_and_may_become_an_extra(
    page: Page, live_server: LiveServer, bob: Member, alice: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, asks=["critique"], allows_extra=True)
    open_page(page, bob, live_server.url, campaign)
    holds(page, 2)
    page.get_by_label("Why?").fill("slowly thought")
    is_safe(page)
    lose(campaign, places=0)
    page.get_by_label(much_better("A")).check()
    page.keyboard.press("Control+Enter")
    shown(page, 1)
    expect(page.get_by_text("Others filled the places")).to_be_visible()
    keep_shot(page, "late")
    start_session(page, alice, live_server.url)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/")
    page.get_by_role("link", name="1 draft whose place was gone").click()
    assert axe_findings(page) == []
    keep_shot(page, "late-list")
    page.get_by_role("link", name="Look").click()
    expect(page.get_by_label("Why?")).to_have_value("slowly thought")
    assert axe_findings(page) == []
    keep_shot(page, "late-look")
    start_session(page, bob, live_server.url)
    page.goto("/w/acme/my-work/drafts/")
    keep_shot(page, "drafts")
    page.get_by_role("link", name="Submit as an extra judgment").click()
    expect(page.get_by_label("Why?")).to_have_value("slowly thought")
    assert axe_findings(page) == []
    keep_shot(page, "extra")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("stored as an extra judgment")).to_be_visible()
    extra = Judgment.objects.get()
    assert (extra.is_extra, extra.critique) == (True, "slowly thought")
    assert campaign.tasks.order_by("rank")[0].judged == 1


def test_undo_withdraws_and_the_task_in_hand_waits(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    holds(page, 2)
    judge(page, "1")
    shown(page, 1)
    is_safe(page)
    expect(page.get_by_role("button", name="Undo")).to_contain_text("s)")
    keep_shot(page, "undo")
    page.get_by_label("Why?").fill("of the second task")
    is_safe(page)
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    shown(page, 0)
    expect(page.get_by_text("0 judged by you")).to_be_visible()
    task = campaign.tasks.order_by("rank")[0]
    assert (task.judged, task.open_places) == (0, 0)
    expect(page.get_by_label(much_better("A"))).to_be_checked()
    page.get_by_label(much_better("B")).check()
    page.keyboard.press("Control+Enter")
    shown(page, 1)
    expect(page.get_by_label("Why?")).to_have_value("of the second task")
    is_safe(page)
    withdrawn, again = Judgment.objects.order_by("pk")
    assert withdrawn.withdrawn_at is not None
    assert (again.withdrawn_at, again.supersedes) == (None, None)
    assert stored() == [(0, 2), (0, -2)]
    task.refresh_from_db()
    assert (task.judged, task.open_places) == (1, 0)


def test_undo_without_the_network_takes_it_out_of_the_queue(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2)
    open_page(page, bob, live_server.url, campaign)
    holds(page, 2)
    page.context.set_offline(True)
    judge(page, "1")
    shown(page, 1)
    page.keyboard.press("u")
    shown(page, 0)
    expect(page.get_by_label(much_better("A"))).to_be_checked()
    judge(page, "5")
    shown(page, 1)
    page.context.set_offline(False)
    is_safe(page)
    assert stored() == [(0, -2)]
