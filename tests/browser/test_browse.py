"""Leads search, tick rows and change them; all that match go to a job."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.jobs.models import Job
from tests import factories as make
from tests.browser.desk import look, start_session

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]
QUESTIONS = (
    "My parcel says delivered but I never got it. What can I do?",
    "Can I change the address of an order that was already packed?",
    "متى تصل الطرود إلى بلدي؟",
    "Welche Frist gilt für die Rückgabe von Schuhen, die ich einmal getragen habe?",
)


@pytest.fixture
def campaign(alice: Member, bob: Member) -> Campaign:
    """Four tasks; one is judged, one prompt is archived."""
    campaign = make.CampaignFactory.create(workspace=alice.workspace, title="Support answers")
    for nth, text in enumerate(QUESTIONS):
        task = make.TaskFactory.create(
            campaign=campaign,
            prompt__messages=[{"role": "user", "content": text}],
            prompt__slices={"language": ("en", "en", "ar", "de")[nth]},
            priority=(5, 9, 5, 5)[nth],
            prompt__archived_at=datetime(2026, 1, 2, tzinfo=UTC) if nth == 2 else None,
        )
    judgment = make.JudgmentFactory.create(task=task, member=bob)
    make.PreferenceFactory.create(judgment=judgment)
    make.ReturnedJudgmentFactory.create(judgment=judgment)
    return campaign


@pytest.mark.usefixtures("quiet")
def test_search_tick_change_and_save(
    page: Page, alice: Member, base_url: str, campaign: Campaign
) -> None:
    start_session(page, alice, base_url)
    for kind in ("prompts", "completions", "tasks", "judgments"):
        page.goto(f"/w/acme/browse/{kind}/")
        look(page, f"browse-{kind}")
    expect(page.get_by_text("superseded")).to_have_count(0)
    page.goto("/w/acme/browse/tasks/")
    page.get_by_label("Words").fill("parcel OR address")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("2 rows", exact=True)).to_be_visible()
    page.locator("html.has-script").wait_for()
    page.get_by_label("Tick all of this page").check()
    page.get_by_role("group", name="With the rows").get_by_label("Priority").select_option("7")
    page.get_by_role("button", name="Set the priority").click()
    expect(page.get_by_text("2 rows changed.")).to_be_visible()
    expect(page.get_by_label("Words")).to_have_value("parcel OR address")
    assert Task.objects.filter(priority=7).count() == 2
    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill("Parcels and addresses")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Parcels and addresses")).to_be_visible()
    look(page, "browse-found")
    page.get_by_label("all 2 that match, by a job").check()
    page.get_by_role("button", name="Set the priority").click()
    page.wait_for_url("**/jobs/*/")
    expect(page.get_by_role("heading", name="Set the priority: Tasks")).to_be_visible()
    assert Job.objects.get().payload["criteria"]["text"] == "parcel OR address"
