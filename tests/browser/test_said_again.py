"""Forms about tasks that nobody holds: what is typed into them outlives the session, the network, the tab."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.judgments.models import Judgment
from tests import factories as make
from tests.browser.conftest import axe_findings
from tests.browser.desk import campaign_of, is_ready, open_page, start_session
from tests.browser.hand import holds, is_safe, judge, keep_shot, shown, sign_in_here
from tests.factories import PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]
THOUGHT = "a long second thought"


@pytest.fixture
def judgment(bob: Member) -> Judgment:
    """Bob's, of the first of two tasks."""
    campaign = campaign_of(bob, "comparison", 2, hand_size=2, asks=["critique"])
    task = campaign.tasks.order_by("rank")[0]
    held = make.AssignmentFactory.create(task=task, member=bob, state="submitted")
    judgment = make.JudgmentFactory.create(task=task, member=bob, assignment=held, critique="")
    first, second = task.completions.order_by("placed__place")
    make.PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=1)
    return judgment


def test_a_revision_made_after_the_session_ended_is_kept_and_sent_after_the_next_sign_in(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, hand_size=2, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    holds(page, 2)
    judge(page, "1")
    shown(page, 1)
    is_safe(page)
    page.keyboard.press("u")  # at once a revision: the tests give no time to take it back
    shown(page, 0)
    page.get_by_label("Why?").fill(THOUGHT)
    expect(page.locator("#status")).to_have_text("Kept in this browser until you submit")
    keep_shot(page, "revision")
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You are signed out")).to_be_visible()
    shown(page, 0)
    expect(page.get_by_label("Why?")).to_have_value(THOUGHT)
    assert Judgment.objects.count() == 1
    sign_in_here(page, "bob", PASSWORD)
    shown(page, 1)
    is_safe(page)
    first, revised = Judgment.objects.order_by("pk")
    assert (revised.supersedes, revised.critique) == (first, THOUGHT)
    assert THOUGHT not in page.evaluate("JSON.stringify(localStorage)")


def test_a_revision_without_the_network_stays_and_is_there_after_a_crash(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, hand_size=2, asks=["critique"])
    open_page(page, bob, live_server.url, campaign)
    holds(page, 2)
    judge(page, "1")
    shown(page, 1)
    is_safe(page)
    page.keyboard.press("u")
    shown(page, 0)
    page.get_by_label("Why?").fill(THOUGHT)
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("submit it again")
    with suppress(Error):
        page.goto("chrome://crash", timeout=2_000)
    page.close()
    page.context.set_offline(False)
    again = page.context.new_page()
    first = Judgment.objects.get()
    again.goto(f"{live_server.url}/w/acme/my-work/judgments/{first.uid}/revise/")
    is_ready(again)
    expect(again.get_by_label("Why?")).to_have_value(THOUGHT)
    expect(again.get_by_text("It has not been submitted")).to_be_visible()
    assert axe_findings(again) == []
    keep_shot(again, "unsent")
    again.get_by_role("button", name="Start anew").click()
    expect(again.get_by_label("Why?")).to_have_value("")
    again.reload()
    is_ready(again)
    expect(again.get_by_label("Why?")).to_have_value("")


def test_the_page_of_a_revision_signs_in_again_before_it_sends(
    page: Page, live_server: LiveServer, bob: Member, judgment: Judgment
) -> None:
    start_session(page, bob, live_server.url)
    page.goto(f"/w/acme/my-work/judgments/{judgment.uid}/revise/")
    is_ready(page)
    page.get_by_label("Why?").fill(THOUGHT)
    page.context.clear_cookies()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You are signed out")).to_be_visible()
    sign_in_here(page, "bob", PASSWORD)
    expect(page.get_by_text("Your revision counts now")).to_be_visible()
    assert Judgment.objects.get(supersedes=judgment).critique == THOUGHT


def test_a_fix_of_a_reviewer_waits_for_the_network(
    page: Page, live_server: LiveServer, bob: Member, judgment: Judgment, settings: Any
) -> None:
    rita = make.MemberFactory.create(workspace=bob.workspace, roles=["reviewer"])
    review = make.ReviewFactory.create(judgment=judgment, author=bob, campaign=judgment.campaign)
    start_session(page, rita, live_server.url)
    page.goto(f"/w/acme/reviews/{review.uid}/fix/")
    is_ready(page)
    page.get_by_label("Why?").fill(THOUGHT)
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("submit it again")
    expect(page.get_by_label("Why?")).to_have_value(THOUGHT)
    page.context.set_offline(False)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Your answers count now")).to_be_visible()
    assert Judgment.objects.get(is_fix=True).critique == THOUGHT


def test_what_a_lead_typed_about_one_task_is_not_in_the_form_of_another(
    page: Page, live_server: LiveServer, bob: Member, alice: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, asks=["critique"])
    start_session(page, alice, live_server.url)
    one, other = campaign.tasks.order_by("rank")
    url = f"/w/acme/campaigns/{campaign.uid}/expert/add/?task="
    page.goto(f"{url}{one.uid}")
    is_ready(page)
    page.get_by_label("Why?").fill(THOUGHT)
    page.goto(f"{url}{other.uid}")
    is_ready(page)
    expect(page.get_by_label("Why?")).to_have_value("")
    assert page.locator("#sheet [name=task]").get_attribute("value") == str(other.uid)
    page.goto(f"{url}{one.uid}")
    is_ready(page)
    expect(page.get_by_label("Why?")).to_have_value(THOUGHT)
    assert page.locator("#sheet [name=task]").get_attribute("value") == str(one.uid)
