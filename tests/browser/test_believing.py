"""A lead follows figures to all that stands behind them, leaves somebody out, and writes a number from 0 up."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.jobs.jobs import execute
from evalhub.quality.models import Exclusion, ExclusionPreview
from evalhub.reports.choices import ReportKind
from evalhub.reports.services import start_report
from evalhub.rubrics.services import create_rubric
from tests.browser.desk import campaign_of, counts_errors, look, start_session
from tests.browser.test_gold import said

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    """Bob took 0.4 s for each of 24 pairs of long answers."""
    campaign = campaign_of(bob, "comparison", 24)
    for nth, task in enumerate(campaign.tasks.order_by("pk")):
        task.completions.update(content="The sky is blue. " * 20)
        task.prompt.slices = {"language": "de" if nth % 2 else "en"}
        task.prompt.save()
        said(task, bob)
    return campaign


@pytest.mark.usefixtures("quiet")
def test_haste_leads_to_all_of_it_and_a_yes_names_what_was_shown(
    page: Page, bob: Member, alice: Member, base_url: str, campaign: Campaign
) -> None:
    for kind in (ReportKind.CONSISTENCY, ReportKind.LEADERBOARD):
        execute(start_report(campaign=campaign, kind=kind, by=alice).job.uid)
    start_session(page, alice, base_url)
    of = f"/w/acme/campaigns/{campaign.uid}"
    page.goto(f"{of}/leaderboard/")
    page.get_by_text("By slice", exact=False).first.click()
    table = page.get_by_role("region", name="Models by slice, overall")
    expect(table.get_by_role("columnheader", name="Missing in the slice")).to_be_visible()
    look(page, "leaderboard-slices")
    page.goto(f"{of}/consistency/")
    hasty = page.locator("details", has_text="Faster than reading")
    expect(hasty.locator(".badge")).to_have_text("24")
    hasty.locator("summary").click()
    expect(hasty.get_by_role("listitem")).to_have_count(20)
    look(page, "consistency-behind")
    hasty.get_by_role("link", name="All of them in Browse").click()
    expect(page.get_by_label("Mark")).to_have_value("hasty")
    expect(page.locator("tbody tr")).to_have_count(24)
    look(page, "browse-hasty")

    page.goto(f"{of}/exclusions/")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("link", name="the job")).to_be_visible()
    execute(ExclusionPreview.objects.get().job.uid)
    leave = page.get_by_role("button", name="Leave bob out")
    expect(leave).to_be_visible()  # the live part comes by itself
    look(page, "exclusion-preview")
    page.get_by_label("Why").fill("By lot, and in no time.")
    leave.click()
    expect(page.get_by_text("counts any more")).to_be_visible()
    assert Exclusion.objects.get().member == bob
    look(page, "exclusions")


@pytest.mark.usefixtures("quiet")
def test_a_number_that_counts_says_that_0_means_none(
    page: Page, alice: Member, base_url: str
) -> None:
    draft = create_rubric(workspace=alice.workspace, slug="errors", name="Errors", by=alice)
    start_session(page, alice, base_url)
    page.goto(f"/w/acme/rubrics/versions/{draft.uid}/criteria/add/")
    form = counts_errors(page)
    form.get_by_label("0 means none").check()
    look(page, "criterion-from-0")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("A whole number from 0 to 40. 0 means none.")).to_be_visible()
    assert draft.criteria.get().true_zero
    look(page, "rubric-from-0")
