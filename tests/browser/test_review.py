"""A reviewer goes through what was drawn, by keyboard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment, Review
from evalhub.judgments.services.review import draw_for_review
from tests import factories as make
from tests.browser.desk import campaign_of, is_ready, look, start_session

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]


@pytest.fixture
def rita(bob: Member) -> Member:
    return make.MemberFactory.create(workspace=bob.workspace, pseudonym="rita", roles=["reviewer"])


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    """Three judgments of bob's wait for a reviewer: A, his first response, is better."""
    campaign = campaign_of(bob, "comparison", 3, review_share=100)
    for task in campaign.tasks.order_by("pk"):
        held = make.AssignmentFactory.create(task=task, member=bob, state="submitted")
        judgment = make.JudgmentFactory.create(
            task=task,
            member=bob,
            assignment=held,
            critique="A names the cause.",
            created_at=timezone.now() - timedelta(minutes=5),
        )
        first, second = task.completions.order_by("placed__place")
        make.PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=1)
        draw_for_review(judgment=judgment.uid)
    return campaign


def is_open(page: Page, nth: int, waiting: str) -> None:
    """The page of the `nth` review stands there, with its script."""
    uid = Review.objects.order_by("pk")[nth].uid
    page.wait_for_url(f"**/reviews/{uid}/")
    page.locator("html.has-script #accept").wait_for()
    expect(page.get_by_role("banner")).to_contain_text(waiting)


@pytest.mark.usefixtures("quiet")
def test_accept_hand_back_and_fix_by_keyboard(
    page: Page, rita: Member, base_url: str, campaign: Campaign
) -> None:
    start_session(page, rita, base_url)
    page.goto("/w/acme/reviews/")
    look(page, "review-list")
    page.get_by_role("button", name="Review").click()
    is_open(page, 0, "3 wait")
    look(page, "review")
    page.keyboard.press("a")
    is_open(page, 1, "2 wait")
    page.keyboard.press("r")
    expect(page.get_by_label("Why it goes back")).to_be_focused()
    page.keyboard.type("Read B to its end: axe.")  # whose letters are no keys here
    look(page, "review-return")
    page.keyboard.press("Control+Enter")
    is_open(page, 2, "1 waits")
    page.keyboard.press("x")
    page.wait_for_url("**/fix/")
    is_ready(page)
    look(page, "review-fix")
    page.locator("input[name=preference][value=B1]").check()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/campaigns/{campaign.uid}/reviews/")
    expect(page.get_by_role("row", name="bob 3 1 1 1 33 %")).to_be_visible()
    look(page, "review-found")
    assert [row.verdict for row in Review.objects.order_by("pk")] == [
        "accepted",
        "returned",
        "fixed",
    ]
    assert Review.objects.order_by("pk")[1].judgment.returned.reason == "Read B to its end: axe."
    assert Judgment.objects.get(is_fix=True).preferences.get().margin == -1
