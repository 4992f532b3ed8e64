"""erin asks whether a model learned what bob corrected, carol judges blind, and bob reads what became of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.followups.models import FollowUp
from tests.browser.desk import look, start_session
from tests.evalhub.followups.scenes import (
    NEW,
    adapter,
    complaint_of,
    judge,
    opened,
    rank,
    rated_campaign,
    said,
    worked_off,
)
from tests.evalhub.runs.scenes import without_torch

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_erin_follows_up_and_bob_reads_what_became_of_it(
    page: Page, alice: Member, erin: Member, bob: Member, base_url: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    without_torch(monkeypatch)
    campaign, model = rated_campaign(alice), adapter(alice, tmp_path)
    rude = said(campaign, bob, tone=1, critique="Nobody should be sent away.")
    edited = said(campaign, bob, tone=2, edit="Please come in, and take a seat.")
    said(campaign, bob, tone=2, edit=NEW)
    said(campaign, bob, tone=1, old=NEW)
    start_session(page, erin, base_url)
    page.goto(f"/w/acme/models/{model.uid}/")
    page.get_by_role("link", name="What it learned").click()
    look(page, "follow-ups-none")
    page.get_by_role("link", name="Follow up", exact=True).click()
    page.get_by_label("What people said in a campaign").select_option(label=campaign.title)
    page.get_by_label("Judgments on each answer").fill("1")
    look(page, "follow-up-new")
    page.get_by_role("button", name="Let it answer").click()
    expect(page.get_by_text("warmer answers 4 prompts; then people are asked.")).to_be_visible()
    follow_up = opened(FollowUp.objects.get())
    page.reload()
    expect(page.get_by_text("Open: 0 of 2 judgments are in.")).to_be_visible()
    look(page, "follow-up-open")
    pair, three = complaint_of(rude).task, complaint_of(edited).task
    assert pair is not None
    assert three is not None
    judge(follow_up, pair, tones=(1, 2))
    rank(follow_up, three, new=0, edit=0, old=1)
    worked_off(follow_up)
    page.reload()
    expect(page.get_by_role("heading", name="What became of it")).to_be_visible()
    look(page, "follow-up-done")
    page.get_by_role("link", name="Better, and still not right").click()
    expect(page.get_by_text("Nobody should be sent away.").first).to_be_visible()
    page.goto("/w/acme/follow-ups/")
    look(page, "follow-ups")

    start_session(page, bob, base_url)
    page.goto("/w/acme/notifications/")
    page.get_by_role("link", name="things that you corrected or criticised").click()
    expect(page.get_by_role("heading", name="Followed up")).to_be_visible()
    look(page, "followed-up-mine")
