"""Erin brings a table of her own: she says what its columns are, sees what it holds, and reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.imports.models import Import
from evalhub.jobs.jobs import execute
from evalhub.judgments.models import Judgment
from tests.browser.conftest import SignIn
from tests.browser.test_data_pages import check

pytestmark = pytest.mark.browser

HEAD = "question;answer_a;answer_b;winner;clarity_a;who\n"
LINE = "Warum ist der Himmel blau?;Wegen der Streuung – schön erklärt, für Größe.;Keine Ahnung.;{};{};{}\n"


@pytest.mark.usefixtures("quiet")
def test_erin_says_what_the_columns_of_her_table_are(
    page: Page, sign_in: SignIn, erin: Member, tmp_path: Path
) -> None:
    file = tmp_path / "urteile.csv"
    lines = [LINE.format("a", 4, "ann"), LINE.format("b", 2, "bo"), LINE.format("niemand", 9, "cy")]
    file.write_bytes((HEAD + "".join(lines)).encode("cp1252"))
    sign_in(erin)
    page.goto("/w/acme/imports/new/")
    check(page, "import-new")
    page.get_by_label("Judgments", exact=True).check()
    page.get_by_label("Collection").fill("urteile")
    page.get_by_label("File (optional)").set_input_files(file)
    page.get_by_role("button", name="Look through it").click()
    page.wait_for_url("**/imports/*-*/")
    execute(Import.objects.get().job.uid)
    page.get_by_role("link", name="Say what the columns are").click()
    expect(page.get_by_label("winner is", exact=True)).to_have_value("choice")  # by its name
    page.get_by_label("clarity_a is called").fill("clarity")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    check(page, "import-mapping-dark")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    check(page, "import-mapping")
    page.get_by_role("button", name="Look through it").click()
    page.wait_for_url("**/imports/*-*/")
    execute(Import.objects.get().job.uid)
    expect(page.get_by_text("Windows-1252 (guessed")).to_be_visible()
    expect(page.get_by_text("'niemand' names no completion")).to_be_visible()
    check(page, "import-preview")
    page.get_by_role("button", name="Read it", exact=True).click()
    expect(page.get_by_role("button", name="Cancel the import")).to_be_visible()
    execute(Import.objects.get().job.uid)
    expect(page.get_by_text("rows read")).to_be_visible()
    check(page, "import-read")
    assert Judgment.objects.count() == 2
