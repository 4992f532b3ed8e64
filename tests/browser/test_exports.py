"""A lead takes a campaign's judgments out, in Chromium."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.jobs.jobs import execute
from evalhub.reports.models import Export, Report
from tests import factories as make
from tests.browser.desk import campaign_of, look, start_session

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_alice_exports_and_downloads(page: Page, base_url: str, alice: Member, bob: Member) -> None:
    campaign = campaign_of(bob, "comparison", 3)
    for task in campaign.tasks.all():
        judgment = make.JudgmentFactory.create(task=task, member=bob, critique="=1+1")
        make.PreferenceFactory.create(judgment=judgment)
    judgment.is_extra = True
    judgment.save()
    start_session(page, alice, base_url)

    page.goto(f"/w/acme/campaigns/{campaign.uid}/")
    page.get_by_role("link", name="Export", exact=True).click()
    page.get_by_label("CSV, for spreadsheets").check()
    look(page, "exports-empty")
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_role("button", name="Cancel the export")).to_be_visible()
    look(page, "export-waiting")
    execute(Export.objects.get().job.uid)
    expect(page.get_by_role("button", name="Download")).to_be_visible()  # by itself
    expect(page.get_by_text("1 extra")).to_be_visible()
    look(page, "export-done")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["critique"] for row in rows] == ["'=1+1", "'=1+1"]
    assert Entry.objects.filter(verb="export.downloaded", actor="alice").exists()
    page.get_by_role("link", name="Exports", exact=True).click()
    look(page, "exports")


@pytest.mark.usefixtures("quiet")
def test_alice_looks_how_far_people_agree(
    page: Page, base_url: str, alice: Member, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 6)
    people = [bob, *(make.MemberFactory.create(workspace=bob.workspace) for _ in "ab")]
    for nth, task in enumerate(campaign.tasks.all()):
        for place, person in enumerate(people):
            judgment = make.JudgmentFactory.create(task=task, member=person)
            make.PreferenceFactory.create(judgment=judgment, margin=2 if nth % 2 or place else -1)
    start_session(page, alice, base_url)

    page.goto(f"/w/acme/campaigns/{campaign.uid}/")
    page.get_by_role("link", name="Agreement", exact=True).click()
    look(page, "agreement-empty")
    page.get_by_role("button", name="Compute", exact=True).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    execute(Report.objects.get().job.uid)
    expect(page.get_by_role("heading", name="overall")).to_be_visible()  # by itself
    page.get_by_text("Person by person").click()
    page.get_by_text("Two by two").click()
    look(page, "agreement")

    page.goto(f"/w/acme/campaigns/{campaign.uid}/")
    page.get_by_role("link", name="Leaderboard", exact=True).click()
    page.get_by_role("button", name="Compute", exact=True).click()
    execute(Report.objects.get(kind="leaderboard").job.uid)
    expect(page.get_by_role("heading", name="overall")).to_be_visible()
    page.get_by_text("One against one").click()
    look(page, "leaderboard")
