"""erin has the figures of runs told to a service elsewhere, and sees on a run what is missing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.tracking.models import Track, Tracker
from tests.browser.desk import look, start_session
from tests.evalhub.tracking.scenes import run_with_figures

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_erin_sets_up_a_service_and_sends_what_is_missing(
    page: Page, base_url: str, erin: Member
) -> None:
    start_session(page, erin, base_url)
    page.goto("/w/acme/trackers/")
    look(page, "trackers")
    page.get_by_role("link", name="Weights & Biases").click()
    page.get_by_label("Offline").check()
    look(page, "tracker")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="Weights & Biases")).to_contain_text("the worker’s disk")

    run = run_with_figures(erin.workspace)
    why = "Weights & Biases does not have everything of this run: it cannot be reached."
    to = Tracker.objects.get()
    Track.objects.create(run=run, tracker=to, place=to.place, sent_to=20, error=why)
    page.goto(f"/w/acme/runs/{run.uid}/")
    expect(page.get_by_text(why)).to_be_visible()
    look(page, "run-tracked")
    page.get_by_role("button", name="Send what is missing to Weights & Biases").click()
    expect(page.get_by_role("heading", name="Tracked elsewhere")).to_be_visible()
