"""Bob judges by keyboard."""

from __future__ import annotations

import re
from typing import Literal
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Completion, Score
from tests.browser.conftest import DESKTOP, PHONE, axe_findings, scrolls_sideways
from tests.browser.desk import campaign_of, is_ready, look, open_page, start_session
from tests.factories import GuidelinesFactory, LanguageModelFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]


@pytest.mark.usefixtures("quiet")
def test_bob_judges_ten_tasks_by_keyboard(page: Page, live_server: LiveServer, bob: Member) -> None:
    campaign = campaign_of(bob, "comparison", 10, asks=["ratings", "critique"])
    open_page(page, bob, live_server.url, campaign)
    for nth in range(10):
        expect(page.locator("#missing")).to_contain_text("Still to answer: Factuality · A")
        page.keyboard.type("4503")
        page.keyboard.press("5")
        expect(page.locator("#missing")).to_have_text("Ready to submit.")
        page.keyboard.press("Control+Enter")
        if nth < 9:
            expect(page.get_by_text(f"{nth + 1} judged by you")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing left for you here")).to_be_visible()
    assert Judgment.objects.count() == 10
    for judgment in Judgment.objects.all():
        assert abs(judgment.preferences.get().margin) == 2
        assert judgment.ratings.count() == 4
        assert judgment.active_ms is not None


@pytest.mark.usefixtures("quiet")
def test_a_ranking_by_keyboard(page: Page, live_server: LiveServer, bob: Member) -> None:
    campaign = campaign_of(bob, "ranking", 1)
    open_page(page, bob, live_server.url, campaign)
    page.keyboard.press("2")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Nothing left for you here")).to_be_visible()
    assert sorted(Judgment.objects.get().ranking.values_list("tier", flat=True)) == [0, 1, 1]


@pytest.mark.usefixtures("quiet")
def test_skip_raw_guidelines_and_the_list_of_keys(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "rating", 2)
    GuidelinesFactory.create(campaign=campaign, content="Judge **kindly**.")
    open_page(page, bob, live_server.url, campaign)
    page.get_by_role("button", name="Read and accepted").click()
    is_ready(page)
    expect(page.locator(".response math")).to_be_visible()
    page.keyboard.press("r")
    expect(page.locator(".response .raw")).to_contain_text("**short waves scatter more**")
    page.keyboard.press("g")
    expect(page.get_by_text("kindly")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("s")  # keys rest while the list is open
    page.keyboard.press("Escape")
    expect(page.locator(".response .raw")).to_contain_text("Task 0")
    page.keyboard.press("s")
    expect(page.get_by_role("dialog", name="Skip this task")).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Task 1, text 0.", exact=True)).to_be_visible()
    expect(page.get_by_role("dialog", name="Skip this task")).to_be_hidden()
    expect(page.locator("#text")).to_be_focused()
    assert Assignment.objects.get(state="skipped").skip_reason == "unclear"


def test_typing_is_no_shortcut_and_is_kept_over_a_reload(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "rating", 1)
    open_page(page, bob, live_server.url, campaign)
    page.get_by_label("Why?").fill("")
    page.get_by_label("Why?").type("good sources 5")
    expect(page.locator("#status")).to_have_text("Safe on the server")
    assert not Assignment.objects.filter(state="skipped").exists()
    page.reload()
    expect(page.get_by_label("Why?")).to_have_value("good sources 5")


def test_without_the_network_the_judgment_waits_in_the_browser_and_is_sent_later(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 1)
    open_page(page, bob, live_server.url, campaign)
    page.context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#status")).to_have_text("Kept in this browser, will be sent (1 waiting)")
    assert not Judgment.objects.exists()
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Nothing left for you here")).to_be_visible(
        timeout=15_000
    )
    assert Judgment.objects.count() == 1


def test_a_session_that_ran_out_loses_nothing(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 1)
    open_page(page, bob, live_server.url, campaign)
    page.context.clear_cookies()
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You are signed out")).to_be_visible()
    expect(page.locator("#status")).to_have_text("Kept in this browser, will be sent (1 waiting)")
    start_session(page, bob, live_server.url)
    expect(page.get_by_role("heading", name="Nothing left for you here")).to_be_visible(
        timeout=20_000
    )
    assert Judgment.objects.count() == 1


@pytest.mark.parametrize("type_", ["rating", "comparison", "ranking"])
@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")]
)
@pytest.mark.usefixtures("quiet")
def test_the_page_has_no_barriers_and_the_form_never_covers_the_text(
    page: Page,
    live_server: LiveServer,
    bob: Member,
    type_: str,
    size: dict[str, int],
    scheme: Literal["light", "dark"],
) -> None:
    campaign = campaign_of(
        bob, type_, 1, asks=["correction", "critique"] + ["ratings"] * (type_ == "comparison")
    )
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.emulate_media(color_scheme=scheme)
    open_page(page, bob, live_server.url, campaign)
    assert axe_findings(page) == []
    text, sheet = page.locator("#text").bounding_box(), page.locator("#sheet").bounding_box()
    assert text is not None
    assert sheet is not None
    beside = text["x"] + text["width"] <= sheet["x"]
    above = text["y"] + text["height"] <= sheet["y"]
    assert beside or above
    assert text["height"] >= 0.3 * size["height"]
    assert not scrolls_sideways(page)


def test_no_key_is_needed_a_click_does(page: Page, live_server: LiveServer, bob: Member) -> None:
    campaign = campaign_of(bob, "comparison", 1)
    open_page(page, bob, live_server.url, campaign)
    page.get_by_label(re.compile("A ≫")).check()
    page.get_by_role("button", name="Submit and next").click()
    expect(page.get_by_role("heading", name="Nothing left for you here")).to_be_visible()


def test_without_javascript_the_form_does_the_same(
    browser: Browser, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "rating", 2)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    open_page(page, bob, live_server.url, campaign)
    for ask in page.locator("fieldset.ask").all():
        ask.get_by_label("4").check()
    page.get_by_role("button", name="Submit and next").click()
    expect(page.get_by_text("1 judged by you")).to_be_visible()
    assert set(Judgment.objects.get().ratings.values_list("value", flat=True)) == {4}
    context.close()


@pytest.mark.usefixtures("quiet")
def test_a_proposal_stands_below_the_responses_and_chooses_nothing(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 1, asks=["critique", "proposal"])
    judge = LanguageModelFactory.create(workspace=bob.workspace)
    for nth, completion in enumerate(Completion.objects.order_by("pk")):
        Score.objects.create(completion=completion, model=judge, value=float(nth), run_uid=uuid4())
    open_page(page, bob, live_server.url, campaign)
    expect(page.get_by_text("A reward model proposes response")).to_be_attached()
    expect(page.locator("#missing")).not_to_have_text("Ready to submit.")
    look(page, "proposal")
