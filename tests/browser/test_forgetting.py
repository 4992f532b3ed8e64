"""erin names a probe, and the run's page says what was forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.registry.services import add_adapter
from evalhub.runs.models import Run, RunEvent
from tests.browser.desk import look, start_session
from tests.evalhub.runs.scenes import base_model, built
from training.findings import finding

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_erin_names_a_probe_and_reads_what_was_forgotten(
    page: Page, base_url: str, erin: Member, tmp_path: Path
) -> None:
    base = base_model(erin.workspace, tmp_path)
    files = {"adapter_config.json": {"key": "k", "sha256": "0" * 64}}
    adapter = add_adapter(workspace=erin.workspace, name="polite", parent=base, files=files)
    build = built(erin.workspace, "sft", train=80)
    before = built(erin.workspace, "sft", train=30, validation=10, test=0)
    start_session(page, erin, base_url)
    page.goto(f"/w/acme/runs/new/?build={build.uid}&method=sft&model={adapter.uid}")
    page.locator("summary", has_text="Method").click()
    page.locator("summary", has_text="Rows").click()
    page.get_by_label("Probe").select_option(str(before.uid))
    page.get_by_label("Earlier build").select_option(str(before.uid))
    page.get_by_label("ewc").fill("100")
    look(page, "run-new-probe")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("Earlier and probe", exact=True)).to_be_visible()
    run = Run.objects.get()
    assert run.beside == {"probe": str(before.uid), "earlier": str(before.uid)}

    whole = {"slice": "all", "rows": 45, "before": 0.286, "after": 0.358, "rise": 0.072, "low": 0.051, "high": 0.094, "is_forgotten": True}  # fmt: skip
    few = {**whole, "slice": "language=de", "rows": 3, "low": None, "high": None, "is_forgotten": False}  # fmt: skip
    told = "45 rows of the probe: the loss rose from 0.286 to 0.358 nats a token (by 0.072, interval 0.051 to 0.094)"  # fmt: skip
    for n, (kind, body) in enumerate((("probe", {"slices": [whole, few]}), ("finding", finding("forgot", told, step=60).as_json()))):  # fmt: skip
        RunEvent.objects.create(run=run, attempt=1, n=n, at=run.created_at, kind=kind, body=body)
    page.reload()
    expect(page.get_by_role("region", name="What was forgotten")).to_contain_text("0.051 to 0.094")
    look(page, "run-forgot")
