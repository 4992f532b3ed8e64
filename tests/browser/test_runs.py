"""erin ticks two runs, compares them, writes down what she saw, and trains once more with a change."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.jobs import jobs
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from evalhub.runs.models import Run
from evalhub.runs.prices import set_device_price
from evalhub.runs.remarks import tag_run
from evalhub.runs.services import keep_measured, start_training
from tests.browser.desk import look, start_session
from tests.evalhub.runs.scenes import base_model, built, without_torch
from tests.evalhub.runs.test_telling import say

pytestmark = pytest.mark.browser

ASKED = {"p1": "Why is the sky blue?", "p2": "Write a line about rain."}


def done(erin: Member, base: Any, build: Any, *, rate: float, ends_at: float) -> Run:
    run = start_training(workspace=erin.workspace, recipe="sft", model=base, build=build, options={"learning_rate": rate}, by=erin)  # fmt: skip
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    run.environment = {"libraries": {"torch": "1.0"}, "code": "older"}
    run.save()
    for step in range(1, 40):
        loss = ends_at + 2 / step
        body = {"step": step, "loss": loss, "eval_loss": loss + 0.1, "learning_rate": rate / step}
        say(run, "metrics", body, attempt=2)
    for step in (0, 20, 39):
        for prompt, asked in ASKED.items():
            content = f"Short waves scatter more, at step {step}. " * (1 + step // 13)
            body = {"step": step, "prompt": prompt, "asked": asked, "content": content}
            say(run, "sample", body, attempt=2)
    return run


def test_erin_compares_two_runs_and_trains_once_more(
    page: Page,
    base_url: str,
    erin: Member,
    quiet: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_torch(monkeypatch)
    base, build = base_model(erin.workspace, tmp_path), built(erin.workspace, "sft", train=80, validation=20)  # fmt: skip
    slow = done(erin, base, build, rate=1e-4, ends_at=1.2)
    quick = done(erin, base, build, rate=1e-3, ends_at=0.6)
    keep_measured(run=quick, figures={"eval_loss": {"value": 0.75, "low": 0.71, "high": 0.8, "n": 20}})  # fmt: skip
    tag_run(run=slow, tags=["baseline"], by=erin)
    set_device_price(amount=Decimal("2.50"), currency="EUR", by=erin)

    start_session(page, erin, base_url)
    page.goto("/w/acme/runs/")
    look(page, "run-list")
    for run in (slow, quick):
        page.get_by_label(str(run.uid)[:8]).check()
    page.get_by_role("button", name="Compare the ticked runs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 runs side by side")
    differs = page.get_by_role("region", name="In what they differ").get_by_role("cell")
    expect(differs).to_have_text(["0.001", "0.0001"])
    expect(page.get_by_text("[0.71, 0.8]")).to_be_visible()
    page.get_by_text("The last values as a table").click()
    look(page, "run-compare")

    page.get_by_role("link", name="sft on tiny").first.click()
    page.get_by_role("link", name="Tags and note").click()
    page.get_by_label("Tags").fill("keep, tone")
    page.get_by_label("Your note").fill("The higher rate is better.\nTry one between.")
    look(page, "run-remarks")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The higher rate is better.")).to_be_visible()
    look(page, "run-detail")

    page.get_by_role("button", name="Repeat exactly").click()
    expect(page.get_by_role("alert")).to_contain_text("torch was 1.0")
    look(page, "run-not-repeated")
    assert "409" in quiet.pop()  # the browser says so of a refusal
    page.get_by_role("link", name="Train again with changes").click()
    expect(page.get_by_label("learning_rate")).to_have_value("0.001")
    page.get_by_label("learning_rate").fill("0.0005")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("sft on tiny")
    assert Run.objects.latest("pk").spec["options"]["learning_rate"] == 0.0005


def test_a_live_page_leaves_its_reader_what_they_opened_and_where_they_are(
    page: Page,
    base_url: str,
    erin: Member,
    quiet: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is brought anew every two seconds."""
    without_torch(monkeypatch)
    base, build = base_model(erin.workspace, tmp_path), built(erin.workspace, "sft", train=80, validation=20)  # fmt: skip
    run = done(erin, base, build, rate=1e-4, ends_at=1.2)
    Job.objects.filter(pk=run.job_id).update(state=JobState.QUEUED, ended_at=None)
    start_session(page, erin, base_url)
    page.goto(f"/w/acme/runs/{run.uid}/")
    page.get_by_text("The same as a table").click()
    values = page.get_by_role("region", name="Values of the curves")
    expect(values).to_be_visible()
    cancel = page.get_by_role("button", name="Cancel this run")
    for _ in range(2):
        cancel.focus()
        page.locator("#live").evaluate("one => { one.dataset.before = 'yes'; }")
        expect(page.locator("#live[data-before]")).to_have_count(0)
        expect(values).to_be_visible()
        expect(cancel).to_be_focused()
    page.get_by_text("The same as a table").click()
    page.locator("#live").evaluate("one => { one.dataset.before = 'yes'; }")
    expect(page.locator("#live[data-before]")).to_have_count(0)
    expect(values).to_be_hidden()
