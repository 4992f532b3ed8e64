"""Two tabs, a lease lost, a judgment taken back: nothing is written over, nothing counts twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.campaigns.jobs import return_expired
from evalhub.campaigns.models import Assignment, Campaign, Draft, Task
from evalhub.common.embedded.children import wait_until
from evalhub.judgments.models import Judgment
from tests.browser.conftest import axe_findings
from tests.browser.desk import campaign_of, open_page, start_session
from tests.browser.hand import holds, is_safe, judge, keep_shot, much_better, shown, stored

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("thirty_seconds"),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]


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
    page.get_by_role("link", name="1 draft whose time ran out").click()
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


def test_a_text_left_half_way_is_opened_again_by_go_on(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 4, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    page.get_by_label("Why?").fill("half a text")
    assert wait_until(Draft.objects.exists, seconds=5)
    is_safe(page)
    page.goto("/w/acme/my-work/")  # what was fetched ahead goes back; then the night passes
    held = Assignment.objects.held()
    assert wait_until(lambda: held.count() == 1, seconds=5)
    held.update(expires_at=timezone.now() - timedelta(hours=8))
    assert return_expired() == 1
    page.goto("/w/acme/my-work/drafts/")
    assert axe_findings(page) == []
    keep_shot(page, "cut-off")
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_label("Why?")).to_have_value("half a text")
    assert Draft.objects.get().assignment.token == 2
    keep_shot(page, "cut-off-again")


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
