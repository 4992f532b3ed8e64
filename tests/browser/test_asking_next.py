"""A lead lets a campaign ask by decision value, reads how sure its decisions are, and stops it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.jobs.jobs import execute
from evalhub.valuing.models import Valuation
from evalhub.valuing.queries import newest_job
from tests.browser.conftest import DESKTOP, PHONE, SignIn, axe_findings, scrolls_sideways
from tests.evalhub.valuing.scenes import compared, judged
from tests.factories import CampaignFactory

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_alice_lets_a_campaign_ask_by_decision_value(
    page: Page, sign_in: SignIn, alice: Member
) -> None:
    campaign = CampaignFactory.create(workspace=alice.workspace)
    judged(compared(campaign, tasks=24)[:8])
    sign_in(alice)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/")
    page.get_by_role("link", name="What to ask next").click()
    page.get_by_label("Percent of the tasks by lot").fill("25")
    page.get_by_label("Percent of the tasks by lot").press("Enter")
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()
    job = newest_job(Valuation.objects.get())
    assert job is not None
    execute(job.uid)
    expect(page.get_by_role("heading", name="How sure the decisions are")).to_be_visible()
    expect(page.get_by_role("row", name="by lot")).not_to_have_count(0)
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        page.emulate_media(color_scheme=scheme)
        page.reload()  # colours change by and by, and axe would measure one on its way
        assert not scrolls_sideways(page)
        assert axe_findings(page) == []
    page.get_by_role("button", name="Leave the order as it is").click()
    expect(page.get_by_text("Not valued anew any more.")).to_be_visible()
