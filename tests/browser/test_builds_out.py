"""An engineer looks into a build and takes it away, in Chromium."""

from __future__ import annotations

import zipfile
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Guidelines
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import BuildExport, DatasetBuild, DiffReport
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.jobs.jobs import execute
from tests import factories as make
from tests.browser.desk import campaign_of, look, start_session

pytestmark = pytest.mark.browser


def two_builds(bob: Member) -> list[DatasetBuild]:
    campaign = campaign_of(bob, "comparison", 6)
    Guidelines.objects.create(campaign=campaign, number=9, consent="My answers may be published.")
    dataset = ensure_dataset(
        workspace=bob.workspace, name="Pairs", kind=BuildKind.PREFERENCE, definition={}
    )
    builds = []
    for _ in range(2):
        for task in campaign.tasks.all():
            judgment = make.JudgmentFactory.create(task=task, member=bob, critique="It is shorter.")
            make.PreferenceFactory.create(judgment=judgment, margin=2)
        build = start_build(dataset=dataset)
        execute(build.job.uid)
        builds.append(build)
    return builds


@pytest.mark.usefixtures("quiet")
def test_erin_looks_into_a_build_and_takes_it_away(
    page: Page, base_url: str, erin: Member, bob: Member, settings: Any
) -> None:
    settings.EVALHUB_PUSH_TARGETS = ["s3://data/ours"]
    _, build = two_builds(bob)
    start_session(page, erin, base_url)

    page.goto(f"/w/acme/builds/{build.uid}/")
    look(page, "build")
    page.get_by_role("button", name="What changed").click()
    execute(DiffReport.objects.get().job.uid)
    expect(page.get_by_role("heading", name="Changed", exact=True)).to_be_visible()  # by itself
    look(page, "build-diff")
    page.goto(f"/w/acme/builds/{build.uid}/")
    page.get_by_role("link", name="All rows").click()
    look(page, "build-rows")
    page.locator("article h3 a").first.click()
    expect(page.get_by_role("heading", name="2 judgments behind it")).to_be_visible()
    look(page, "build-row")
    page.goto(f"/w/acme/builds/{build.uid}/card/")
    look(page, "build-card")
    page.goto(f"/w/acme/builds/{build.uid}/pushes/")
    look(page, "build-pushes")
    page.goto(f"/w/acme/builds/{build.uid}/exports/")
    look(page, "build-exports")
    page.get_by_label("OpenAI").check()
    page.get_by_role("button", name="Export", exact=True).click()
    execute(BuildExport.objects.get().job.uid)
    expect(page.get_by_role("button", name="Download")).to_be_visible()  # by itself
    look(page, "build-export")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    with zipfile.ZipFile(download.value.path()) as archive:
        assert "README.md" in archive.namelist()
