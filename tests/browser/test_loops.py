"""erin lets a Loop mind itself and looks what a Round would cost; alice lets it go on; a chat is told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.loops import jobs
from evalhub.loops.services import start_round
from evalhub.webhooks.jobs import send_due
from tests.browser.desk import look, start_session
from tests.evalhub.loops.scenes import a_loop, judged_by_two, turned
from tests.evalhub.runs.scenes import without_torch
from tests.evalhub.webhooks.receiver import receiving

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_a_loop_that_minds_itself(
    page: Page, base_url: str, erin: Member, alice: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    without_torch(monkeypatch)
    loop = a_loop(erin, tmp_path)
    round_ = turned(start_round(loop=loop, by=erin))
    start_session(page, erin, base_url)
    page.goto(f"/w/acme/loops/{loop.uid}/")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("by itself, as soon as any of these has come").check()
    page.get_by_label("New judgments").fill("200")
    page.get_by_label("Agreement at least").fill("0.8")
    gains = page.get_by_role("region", name="What must be better")
    gains.get_by_label("By more than").first.fill("0.02")
    page.get_by_label("People decide in a blind trial").check()
    look(page, "loop-edit")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("0 of 200 new judgments")).to_be_visible()
    expect(page.get_by_text("than the baseline’s by more than 2.0 points")).to_be_visible()
    expect(page.get_by_text("people prefer its answers in a blind trial")).to_be_visible()
    look(page, "loop")
    page.get_by_role("link", name="What it would do and cost").click()
    expect(page.get_by_text("minutes of annotators").first).to_be_visible()
    look(page, "loop-dry-run")
    page.goto("/w/acme/models/")
    expect(page.get_by_role("link", name="Main round 1")).to_be_visible()
    look(page, "models-with-rounds")
    page.goto(f"/w/acme/rounds/{round_.uid}/")
    expect(page.get_by_text("of it in runs").first).to_be_visible()
    look(page, "round-spent")

    assert round_.campaign is not None
    judged_by_two(loop, alike=6, apart=6, campaign=round_.campaign)
    jobs.turn_all()
    start_session(page, alice, base_url)
    page.goto(f"/w/acme/loops/{loop.uid}/")
    expect(page.get_by_text("Agreement is 0.").first).to_be_visible()
    expect(page.get_by_role("button", name="Start a Round")).to_have_count(0)
    look(page, "loop-paused")
    page.get_by_label("Why it may go on").fill("A pilot of hard prompts")
    page.keyboard.press("Enter")
    expect(page.get_by_text("let it go on: A pilot of hard prompts")).to_be_visible()


def test_a_loop_of_ones_own_from_the_form(
    page: Page, base_url: str, erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    a_loop(erin, tmp_path)
    start_session(page, erin, base_url)
    page.goto("/w/acme/loops/")
    page.get_by_role("link", name="New Loop").click()
    page.get_by_label("Name", exact=True).fill("Weekly")
    page.keyboard.press("Tab")
    page.keyboard.type("weekly")
    for name in ("Base model", "Collection", "Rubric"):
        page.get_by_label(name, exact=True).select_option(index=1)
    page.get_by_label("Recipes").select_option("sft,dpo")
    page.get_by_label("Answers to each").fill("1")
    look(page, "loop-new")
    page.get_by_role("button", name="Set it up").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("set generate.n to 2 or more")
    look(page, "loop-new-refused")
    page.get_by_label("Answers to each").fill("3")
    page.get_by_role("button", name="Set it up").press("Enter")
    expect(page.get_by_role("heading", name="Weekly")).to_be_visible()
    expect(page.get_by_text("sft,dpo").first).to_be_visible()


@pytest.mark.usefixtures("quiet")
def test_a_webhook_from_its_secret_to_its_delivery(
    page: Page, base_url: str, erin: Member, settings: Any
) -> None:
    settings.EVALHUB_WEBHOOK_TARGETS = ["127.0.0.1"]
    start_session(page, erin, base_url)
    with receiving() as receiver:
        receiver.answers = [(500, {})]
        page.goto("/w/acme/webhooks/")
        page.get_by_role("link", name="New webhook").click()
        page.get_by_label("Name").fill("Ops")
        page.get_by_label("Address").fill(f"http://127.0.0.1:{receiver.port}/hook")
        look(page, "webhook-new")
        page.get_by_role("button", name="Set it up").click()
        expect(page.get_by_text("whsec_")).to_be_visible()
        look(page, "webhook-secret")
        page.get_by_role("link", name="Go on").click()
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("webhook.test").first).to_be_visible()
        send_due()
    page.reload()
    expect(page.get_by_text("the last one answered with 500")).to_be_visible()
    look(page, "webhook")
    if os.environ.get("EVALHUB_SHOTS"):
        page.goto("/w/acme/webhooks/")
        look(page, "webhooks")
