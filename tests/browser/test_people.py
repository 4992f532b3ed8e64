"""An owner brings people in by a list, and a lead a file with personal data, in the browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.imports.models import Import
from evalhub.jobs.jobs import execute
from evalhub.prompts.models import Prompt
from tests.browser.conftest import SignIn
from tests.browser.test_data_pages import check

pytestmark = pytest.mark.browser


def test_olga_mends_a_list_and_brings_everybody_in(
    page: Page, sign_in: SignIn, quiet: list[str], olga: Member, bob: Member, tmp_path: Path
) -> None:
    assert bob.user is not None
    bob.user.username = "bob@x.org"
    bob.user.save()
    head = "email,pseudonym,roles,languages,groups,qualifications\n"
    file = tmp_path / "people.csv"
    people = 'zoe@x.org,Zoe,"lead, annotator",de; en,night shift,law\nbob@x.org,,annotator,fr,,\n'
    file.write_text(head + people + "max,Max,king,,,\n")
    sign_in(olga)
    page.get_by_role("link", name="Members", exact=True).click()
    page.get_by_role("link", name="Many at once").click()
    check(page, "roster-empty")
    page.get_by_label("A CSV file").set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Write one or more of annotator")).to_be_visible()
    check(page, "roster-wrong")
    page.get_by_label("The list").fill(head + people)
    page.get_by_role("button", name="Preview again").click()
    expect(page.get_by_role("button", name="Do this for 2 people")).to_be_visible()
    check(page, "roster-preview")
    page.get_by_role("button", name="Do this for 2 people").click()
    expect(page.get_by_text("/invitation/zoe@x.org/")).to_be_visible()
    check(page, "roster-done")
    assert Member.objects.get(pseudonym="Zoe").qualifications == ["law"]
    bob.refresh_from_db()
    assert bob.languages == ["fr"]


def test_alice_sees_what_is_masked_before_it_is_read(
    page: Page, sign_in: SignIn, quiet: list[str], alice: Member, tmp_path: Path
) -> None:
    text = "I am zoe@x.org, card 4111 1111 1111 1111, call +49 30 901820. Where is my parcel?"
    file = tmp_path / "p.jsonl"
    file.write_text(json.dumps({"id": "p1", "messages": [{"role": "user", "content": text}]}))
    sign_in(alice)
    page.goto("/w/acme/imports/new/")
    page.get_by_label("Collection").fill("faq")
    page.get_by_label("File (optional)").set_input_files(file)
    for label in ("e-mail addresses", "payment cards", "telephone numbers"):
        page.get_by_label(label).check()
    check(page, "masks-chosen")
    page.get_by_role("button", name="Look through it").click()
    page.wait_for_url("**/imports/*-*/")
    execute(Import.objects.get().job.uid)
    expect(page.get_by_text("Nothing is read in yet.")).to_be_visible()
    expect(page.get_by_text("I am [EMAIL], card [CARD]").first).to_be_visible()
    check(page, "masks-preview")
    page.get_by_role("button", name="Read it with this masked").click()
    expect(page.get_by_role("button", name="Cancel the import")).to_be_visible()
    execute(Import.objects.get().job.uid)
    expect(page.get_by_text("rows read")).to_be_visible()
    check(page, "masks-done")
    assert "zoe@x.org" not in json.dumps(Prompt.objects.get().messages)
