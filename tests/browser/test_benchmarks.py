"""erin adds a benchmark, is told what is wrong with its rows, and measures the base on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.evaluation.models import Comparison, Evaluation
from evalhub.registry.services import add_adapter
from tests.browser.desk import look, start_session
from tests.evalhub.loops.scenes import work_off
from tests.evalhub.runs.scenes import base_model, without_torch

pytestmark = pytest.mark.browser

WRONG = b'prompt,label,choices\nWhich is red?,C,"[""sky"", ""blood""]"\nWhich is blue?,A,\n,A,\n'
RIGHT = b"prompt,reference,label\nCapital of France?,Paris,\nIs this kind: I love it?,,yes\n"


def test_a_file_becomes_a_set_that_models_are_measured_on(
    page: Page,
    erin: Member,
    base_url: str,
    quiet: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_torch(monkeypatch)
    base_model(erin.workspace, tmp_path)
    start_session(page, erin, base_url)

    page.goto("/w/acme/benchmarks/")
    look(page, "benchmarks-none")
    page.get_by_role("link", name="Add a benchmark").first.click()
    page.get_by_role("textbox", name="Name").fill("Small talk 1.0")
    wrong, right = tmp_path / "wrong.csv", tmp_path / "right.csv"
    wrong.write_bytes(WRONG)
    right.write_bytes(RIGHT)
    page.get_by_label("File").set_input_files(wrong)
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("cell", name="label", exact=True)).to_be_visible()
    look(page, "benchmark-refused")
    (refused,) = quiet
    assert "422" in refused
    quiet.clear()
    page.get_by_label("File").set_input_files(right)
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Small talk 1.0")).to_be_visible()
    look(page, "benchmark")

    page.get_by_role("link", name="Measure a model").click()
    page.get_by_label("Model", exact=True).select_option(label="tiny")
    page.get_by_label("Or a benchmark").select_option(label="Small talk 1.0")
    look(page, "measure")
    page.get_by_role("button", name="Measure it").click()
    work_off()
    evaluation = Evaluation.objects.get()
    evaluation.confusion = {"labels": ["no", "yes"], "counts": [[4, 1, 0], [2, 3, 1]]}
    evaluation.save(update_fields=["confusion"])
    page.goto("/w/acme/benchmarks/")
    look(page, "benchmarks")
    page.get_by_role("link", name="Small talk 1.0").click()
    page.get_by_role("link", name="tiny").click()
    expect(page.get_by_text("What was taken for what")).to_be_visible()
    look(page, "evaluation")


def test_tasks_of_a_harness_are_named_on_the_same_page(
    page: Page,
    erin: Member,
    base_url: str,
    quiet: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_torch(monkeypatch)
    base = base_model(erin.workspace, tmp_path)
    add_adapter(workspace=erin.workspace, name="polite", parent=base, files={})
    start_session(page, erin, base_url)
    for model in ("tiny", "polite"):
        page.goto("/w/acme/comparisons/measure/")
        page.get_by_label("Model", exact=True).select_option(label=model)
        page.get_by_label("Tasks of lm-evaluation-harness").fill("arc_easy, house_style")
        page.get_by_label("Tasks of lm-evaluation-harness").press("Enter")
        expect(page.get_by_role("heading", name=f"Measure {model}")).to_be_visible()
        work_off()
    page.goto(f"/w/acme/comparisons/{Comparison.objects.get().uid}/")
    expect(page.get_by_text("arc_easy: acc went from 0.500 to 1.000 (better)")).to_be_visible()
    look(page, "comparison-of-tasks")
    page.goto(f"/w/acme/evaluations/{Evaluation.objects.earliest('pk').uid}/")
    expect(page.get_by_text("On tasks of lm-evaluation-harness")).to_be_visible()
    expect(page.get_by_role("row", name="house_style: acc 0.500")).to_be_visible()
    look(page, "evaluation-of-tasks")
