"""erin looks for the best learning rate, compares the tries, and trains the final run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from evalhub.accounts.models import Member
from evalhub.runs.models import Run
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.services import start_curve
from tests.browser.conftest import session_of
from tests.browser.desk import look, start_session
from tests.evalhub.sweeps.scenes import a_base, a_build, on_landscape, turned

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_erin_finds_the_best_learning_rate_and_trains_with_it(
    browser: Browser, page: Page, base_url: str, erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    on_landscape(monkeypatch)
    base, build = a_base(erin, tmp_path), a_build(erin)
    start_session(page, erin, base_url)
    page.goto("/w/acme/sweeps/")
    page.get_by_role("link", name="New sweep").click()
    page.get_by_label("Build to learn from").select_option(index=1)
    page.get_by_label("Method").select_option("sft")
    page.get_by_label("Model to start from").select_option(label="tiny")
    page.get_by_label("Look for").select_option("settings")
    page.get_by_role("button", name="Show the settings").click()
    expect(page.get_by_text("80 rows to train on, 20 for validation")).to_be_visible()
    look(page, "sweep-new")
    page.get_by_label("Tries at most").fill("12")
    page.get_by_role("button", name="Start the sweep").click()
    expect(page.get_by_text("A worker starts the first tries in a moment")).to_be_visible()

    sweep = turned(Sweep.objects.get())  # what the workers do, while the page looks on
    expect(page.get_by_role("row", name="Try 12")).to_be_visible()
    expect(page.get_by_text("Best: ")).to_be_visible()
    expect(page.locator("figure.plot .scatterlayer")).to_have_count(2)
    look(page, "sweep")
    page.get_by_role("button", name="Train the best on all rows").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("the best settings on all rows")
    sweep.refresh_from_db()
    assert sweep.final == Run.objects.latest("pk")

    page.goto(f"/w/acme/runs/new/?again={sweep.final.uid}")
    expect(page.get_by_role("button", name="Start the run")).to_be_visible()
    if os.environ.get("EVALHUB_SHOTS"):
        page.get_by_text("Adapter", exact=True).first.click()
    look(page, "run-new")

    curve = turned(start_curve(workspace=erin.workspace, recipe="sft", build=build, model=base, by=erin))  # fmt: skip
    page.goto(f"/w/acme/sweeps/{curve.uid}/")
    expect(page.get_by_text("More data still helps: yes.")).to_be_visible()
    expect(page.locator("figure.plot .errorbars").first).to_be_visible()
    look(page, "curve")
    context = browser.new_context(base_url=base_url, bypass_csp=False)
    context.add_cookies([session_of(erin, base_url)])
    strict, refused = context.new_page(), []
    strict.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
    strict.goto(f"/w/acme/sweeps/{sweep.uid}/")
    expect(strict.locator("figure.plot .scatterlayer")).to_have_count(2)
    assert refused == []
    context.close()
