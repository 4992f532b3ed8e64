"""erin reads a comparison: by slice, by examples, by who looked; and which figure to believe."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.evaluation.examples import examples_of
from evalhub.evaluation.measures import compared
from evalhub.evaluation.models import Comparison
from evalhub.evaluation.slicing import by_slice
from tests.browser.desk import look, start_session
from tests.evalhub.evaluation.test_believing import Scene
from tests.evalhub.loops.scenes import work_off
from tests.factories import ComparisonFactory

pytestmark = pytest.mark.browser

LANGUAGES = ("de", "en", "fr")


def tables(*, trained: bool) -> dict[str, list[dict[str, Any]]]:
    """German answers get better by training, French ones worse."""
    rows = []
    for at in range(60):
        gain = (0.25, 0.02, -0.2)[at % 3] if trained else 0.0
        said = "Short waves scatter **more** than long ones." if trained else "It is blue."
        rows.append(
            {"id": f"p{at}", "group": f"p{at}", "content": f"{said} ({at})", "tokens": 9 + 3 * trained,
             "finish": "stop", "rouge1": 0.5 + gain + (at * 7 % 11) / 100 * (1 + trained)}
        )  # fmt: skip
    texts = [
        {"id": row["id"], "group": row["group"], "nll": (9 if trained else 11) + at % 5, "tokens": 10}
        for at, row in enumerate(rows)
    ]  # fmt: skip
    return {"texts": texts, "pairs": [], "predictions": rows}


def comparison_of(erin: Member) -> Comparison:
    before, after = tables(trained=False), tables(trained=True)
    slices = {f"p{at}": {f"language={LANGUAGES[at % 3]}"} for at in range(60)}
    prompts = {
        f"p{at}": {"prompt": [{"role": "user", "content": f"Why is the sky blue ({at})?"}], "reference": "Short waves scatter more."}
        for at in range(60)
    }  # fmt: skip
    comparison: Comparison = ComparisonFactory.create(
        workspace=erin.workspace,
        baseline__model__name="tiny",
        candidate__model__name="tiny, second Round",
        metrics=compared(before, after),
        by_slice=by_slice(before, after, slices),
        examples=examples_of(before, after, prompts),
        fresh={"groups": 60, "fresh": 12, "sets": 1},
    )
    return comparison


@pytest.mark.usefixtures("quiet")
def test_erin_reads_a_comparison(page: Page, erin: Member, base_url: str) -> None:
    comparison = comparison_of(erin)
    start_session(page, erin, base_url)
    page.goto(f"/w/acme/comparisons/{comparison.uid}/")
    expect(page.get_by_text("Read on 1 day by 1 member")).to_be_visible()
    expect(page.get_by_text("12 stood in none of the 1 set measured on before.")).to_be_visible()

    page.get_by_label("Figure", exact=True).select_option(label="ROUGE-1")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("ROUGE-1: worse on language=fr; better on language=de")).to_be_visible()
    page.get_by_label("Sorted by").select_option(label="ROUGE-1: largest losses")
    page.get_by_role("button", name="Sort").click()
    expect(page.get_by_label("Figure", exact=True)).to_have_value("rouge1")
    expect(page.locator("article").first).to_contain_text("ROUGE-1: 0.")
    look(page, "comparison-whole")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == f"comparison-{comparison.uid}.csv"


@pytest.mark.usefixtures("quiet")
def test_erin_asks_which_figure_to_believe(page: Page, erin: Member, base_url: str) -> None:
    Scene(erin).prefer(margin=2)
    start_session(page, erin, base_url)
    page.goto("/w/acme/comparisons/")
    page.get_by_role("link", name="Which figure to believe").click()
    look(page, "believe-empty")
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_text("A worker is working it out.")).to_be_visible()
    work_off()
    expect(page.get_by_text(re.compile("ROUGE-1.* go with people"))).to_be_visible()
    expect(page.get_by_role("columnheader", name="Agrees on pairs")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Rank correlation")).to_have_count(
        0
    )  # nobody rated
    look(page, "believe")
