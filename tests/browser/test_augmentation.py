"""Erin defines a dataset with augmented rows, looks at what was made, and has prompts written anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.jobs import execute
from evalhub.prompts.models import Prompt
from evalhub.prompts.services.collections import set_red_team
from evalhub.runs.models import Rewriting
from tests import factories as make
from tests.browser.desk import campaign_of, look, start_session
from tests.evalhub.runs.scenes import base_model, without_torch

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_erin_makes_rows_from_rows_and_prompts_from_prompts(
    page: Page,
    base_url: str,
    erin: Member,
    bob: Member,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_torch(monkeypatch)
    base_model(erin.workspace, tmp_path)
    for task in campaign_of(bob, "comparison", 6).tasks.all():
        task.prompt.group.split = "train"
        task.prompt.group.save()
        judgment = make.JudgmentFactory.create(task=task, member=bob)
        make.PreferenceFactory.create(judgment=judgment, margin=2)
    prompt = Prompt.objects.order_by("pk")[0]
    start_session(page, erin, base_url)

    page.goto("/w/acme/datasets/new/")
    page.get_by_label("Name", exact=True).fill("Pairs")
    page.get_by_text("Augmentation: rows made from rows").click()
    page.get_by_label("Share of rows by word replacement").fill("0.5")
    page.get_by_label("Words and others of the same meaning").fill("sky = heaven")
    look(page, "augmentation-form")
    page.get_by_role("button", name="Keep the definition").click()
    page.get_by_role("button", name="Build").click()
    expect(page.get_by_text("queued")).to_be_visible()
    execute(DatasetBuild.objects.get().job.uid)
    expect(page.get_by_role("heading", name="Augmentation")).to_be_visible()  # by itself

    set_red_team(collection=prompt.collection, is_red_team=True, by=erin)
    page.goto(f"/w/acme/collections/{prompt.collection.slug}/")
    page.get_by_role("link", name="Write anew").click()
    page.get_by_label("Model").select_option(label="tiny")
    page.get_by_role("button", name="Write them anew").click()
    expect(page.get_by_text("not yet")).to_be_visible()
    execute(Rewriting.objects.get().first.job.uid)
    expect(page.locator("td.number a")).to_be_visible()  # by itself
    look(page, "augmentation-rewrite")
