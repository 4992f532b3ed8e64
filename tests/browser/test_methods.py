"""erin trains all weights of a base, and finds the model that came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.jobs.jobs import execute
from evalhub.runs.models import Run
from tests.browser.desk import look, start_session
from tests.evalhub.runs.scenes import base_model, built, without_torch

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_erin_trains_all_weights_on_documents_and_finds_the_model(
    page: Page,
    base_url: str,
    erin: Member,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.EVALHUB_DATA_DIR = tmp_path / "machine"
    without_torch(monkeypatch)
    base = base_model(erin.workspace, tmp_path)
    build = built(erin.workspace, "text", train=80, validation=4)
    start_session(page, erin, base_url)
    page.goto(f"/w/acme/runs/new/?build={build.uid}&method=text&model={base.uid}&preset=24+GB")
    page.locator("summary", has_text="Adapter").click()
    expect(page.get_by_label("quantise")).to_have_value("nf4")
    page.get_by_label("trains").select_option("all")
    look(page, "run-new-all")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("quantise is nf4, but must be nothing")).to_be_visible()
    page.get_by_label("quantise").select_option("")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("text")

    run = Run.objects.get()
    execute(run.job.uid)
    run.refresh_from_db()
    assert run.output_model is not None
    page.goto(f"/w/acme/models/{run.output_model.uid}/")
    expect(page.get_by_text("A whole model as transformers reads it")).to_be_visible()
    expect(page.get_by_role("link", name=base.name, exact=True)).to_be_visible()
    look(page, "model-whole")
