"""A lead decides what people disagreed about, and reads how far each can be relied on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.jobs.jobs import execute
from evalhub.judgments.models import Judgment
from evalhub.quality.models import Dispute
from evalhub.quality.settling import settle
from tests import factories as make
from tests.browser.desk import campaign_of, is_ready, look, start_session
from tests.evalhub.quality.crowd import vote

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]


@pytest.mark.usefixtures("quiet")
def test_a_lead_decides_two_disagreements(
    page: Page, alice: Member, bob: Member, base_url: str
) -> None:
    campaign = campaign_of(bob, "comparison", 2)
    people = [bob, *(make.MemberFactory.create(workspace=bob.workspace) for _ in range(2))]
    for task, margins in zip(campaign.tasks.order_by("pk"), ((1, 0, -1), (2, 1, -1)), strict=True):
        for person, margin in zip(people, margins, strict=True):
            vote(task, person, margin)
    settle(campaign)
    start_session(page, alice, base_url)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/disputes/")
    look(page, "dispute-list")
    page.get_by_role("link", name="Decide the first one").click()
    page.wait_for_url("**/verdict/")
    is_ready(page)
    first = page.url
    look(page, "verdict")
    page.get_by_label("Why people disagreed").select_option("slip")
    page.locator("input[name=preference][value=B1]").check()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: url.endswith("/verdict/") and url != first)
    is_ready(page)
    page.get_by_label("Why people disagreed").select_option("close")
    page.locator("input[name=preference][value=tie]").check()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/disputes/")
    expect(page.get_by_role("heading", name="Nothing in dispute")).to_be_visible()
    assert not Dispute.objects.exists()
    verdicts = Judgment.objects.verdicts().order_by("pk")
    assert [each.preferences.get().margin for each in verdicts] == [-1, 0]

    page.goto(f"/w/acme/tasks/{verdicts[0].task.uid}/")
    look(page, "task")
    page.goto(f"/w/acme/campaigns/{campaign.uid}/reliability/")
    page.get_by_role("button", name="Compute", exact=True).click()
    page.get_by_text("Queued").first.wait_for()
    execute(campaign.reports.get().job.uid)
    expect(page.get_by_role("columnheader", name="Strength")).to_be_visible()
    look(page, "reliability")
