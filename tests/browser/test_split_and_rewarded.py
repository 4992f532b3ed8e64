"""erin splits a base among devices, sweeps against a reward model, and measures that model."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.jobs.jobs import execute
from evalhub.registry.models import ModelKind
from evalhub.registry.services import add_adapter
from evalhub.runs.models import Run
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.turning import advance
from tests.browser.desk import look, start_session
from tests.evalhub.evaluation.test_measuring import rewards
from tests.evalhub.runs.scenes import base_model, built, without_torch
from tests.null_trainer import RECIPES

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_erin_splits_a_base_and_works_with_a_reward_model(
    page: Page, base_url: str, erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    monkeypatch.setitem(RECIPES, "evaluate", rewards)
    base = base_model(erin.workspace, tmp_path)
    judge = add_adapter(
        workspace=erin.workspace, name="judge", parent=base, files={}, kind=ModelKind.REWARD
    )
    build = built(erin.workspace, "preference", train=80, validation=8)
    start_session(page, erin, base_url)

    page.goto(f"/w/acme/runs/new/?build={build.uid}&method=dpo&model={base.uid}")
    page.get_by_label("sharding").select_option("fsdp")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("must be nothing on one device: set devices to 2 or more")).to_be_visible()  # fmt: skip
    look(page, "run-new-sharding")
    page.get_by_label("devices", exact=True).fill("2")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("dpo")
    assert Run.objects.get().spec["options"]["sharding"] == "fsdp"

    page.goto(f"/w/acme/sweeps/new/?build={build.uid}&method=rloo&model={base.uid}&search=rate")
    page.get_by_label("Reward model").select_option(label="judge")
    page.get_by_label("Only on workers that offer").fill("a100")
    look(page, "sweep-new-rloo")
    page.get_by_role("button", name="Start the sweep").click()
    expect(page.get_by_text("reward of validation prompts, on validation rows")).to_be_visible()
    sweep = Sweep.objects.get()
    advance(sweep.pk)
    assert {each.run.teacher for each in sweep.tries.all()} == {judge}
    shared = page.get_by_role("region", name="Of every try")
    expect(shared).to_contain_text("judge")
    expect(shared).to_contain_text("a100")
    look(page, "sweep-rloo")

    page.goto("/w/acme/comparisons/measure/")
    page.get_by_label("Model", exact=True).select_option(label="judge")
    page.get_by_label("Preference build").select_option(index=1)
    page.get_by_role("button", name="Measure it").click()
    execute(Run.objects.get(recipe="evaluate").job.uid)
    page.goto(f"/w/acme/models/{judge.uid}/")
    expect(page.get_by_role("region", name="Evaluations")).to_contain_text("92.5")
    look(page, "model-reward")
