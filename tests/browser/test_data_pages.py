"""From a file to a frozen build, in the browser; every page on the way is quiet and accessible."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.imports.models import Import
from evalhub.jobs.jobs import execute
from tests.browser.conftest import DESKTOP, PHONE, SignIn, axe_findings, scrolls_sideways

pytestmark = pytest.mark.browser


def check(page: Page, name: str) -> None:
    """No finding of axe on a wide and a narrow screen; nothing wider than the screen."""
    for size, look in ((PHONE, "phone"), (DESKTOP, "desktop")):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a ViewportSize
        assert axe_findings(page, colours=size == DESKTOP) == [], f"{name} on a {look}"
        assert not scrolls_sideways(page), f"{name} on a {look}"
        if folder := os.environ.get("EVALHUB_SHOTS"):
            page.screenshot(path=f"{folder}/{name}-{look}.png", full_page=True)


def test_erin_imports_pairs_and_builds_a_dataset_from_them(
    page: Page, sign_in: SignIn, quiet: list[str], erin: Member, tmp_path: Path
) -> None:
    pairs = [
        {
            "conversations": [{"from": "human", "value": f"Why is the number {n} *odd*?"}],
            "chosen": {"from": "gpt", "value": f"Because {n} is not divisble by 2."},
            "rejected": {"from": "gpt", "value": "" if n == 3 else f"No idea about {n}."},
        }
        for n in range(40)
    ]
    file = tmp_path / "pairs.json"
    file.write_text(json.dumps(pairs))
    sign_in(erin)

    page.get_by_role("link", name="Imports", exact=True).click()
    check(page, "imports-empty")
    page.get_by_role("link", name="Import a file").first.click()
    check(page, "import-new")
    page.get_by_label("Judgments", exact=True).check()
    page.get_by_label("Collection").fill("numbers")
    page.get_by_label("File (optional)").set_input_files(file)
    page.get_by_role("button", name="Look through it").click()
    expect(page.get_by_role("button", name="Cancel the import")).to_be_visible()
    check(page, "import-waiting")
    execute(Import.objects.get().job.uid)
    page.get_by_role("button", name="Read it", exact=True).click()
    expect(page.get_by_role("button", name="Cancel the import")).to_be_visible()
    execute(Import.objects.get().job.uid)
    expect(page.get_by_role("heading", name="Rejected rows")).to_be_visible()  # by itself
    expect(page.get_by_text("rejected is empty.")).to_be_visible()
    check(page, "import-done")

    page.get_by_role("link", name="numbers").click()
    check(page, "collection")
    page.get_by_role("link", name="Why is the number").first.click()
    expect(page.locator(".rendered em").first).to_be_visible()
    check(page, "prompt")

    page.get_by_role("link", name="Datasets", exact=True).click()
    check(page, "datasets-empty")
    page.get_by_role("link", name="New dataset").click()
    check(page, "dataset-new")
    page.get_by_label("Name", exact=True).fill("Pairs of numbers")
    page.get_by_text("Cleaning of the rows").click()
    page.get_by_label("Propose spellings").select_option("in English")
    check(page, "dataset-new-cleaning")
    page.get_by_role("button", name="Keep the definition").click()
    check(page, "dataset")
    page.get_by_role("button", name="Build it from today's judgments").click()
    expect(page.get_by_role("button", name="Cancel the build")).to_be_visible()
    execute(DatasetBuild.objects.get().job.uid)
    expect(page.get_by_role("heading", name="The first rows for training")).to_be_visible()
    check(page, "build")
    with page.expect_download() as download:
        page.get_by_role("link", name="train.jsonl").click()
    rows = Path(download.value.path()).read_text().splitlines()
    build = DatasetBuild.objects.get()
    assert len(rows) == build.rows["train"]
    assert sum(build.rows.values()) == 39
    page.get_by_role("link", name="Spellings proposed").click()
    check(page, "spellings")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("accepted", exact=True)).to_be_visible()
    check(page, "spellings-decided")
    page.get_by_role("link", name="Imports", exact=True).click()
    check(page, "imports")
