"""Stored cross-site scripting: what a model, a file or a person wrote, on every page that shows it.

The class: completions rendered as HTML, Markdown that makes links to scripts, names of workspaces,
files and people put into attributes, uploads served inline. Two walls are tested apart: no page
contains such markup, and were there any, the policy in its headers would not run it. And formulas in
tables (CSV injection): what an annotator typed runs when a lead opens the export.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.imports.models import Import
from tests.factories import RejectedRowFactory
from tests.security.pages import Page, pages_of, shown_by
from tests.security.routes import all_routes
from tests.security.world import make_world

pytestmark = pytest.mark.slow  # hundreds of pages
Enter = Callable[[Member], Client]

ATTACK = (
    "<evil></evil>\"'><script>evil()</script><img src=x onerror=evil()>"
    "[link](javascript:evil()) ![pic](data:text/html,evil) $\\href{javascript:evil()}{x}$"
    " <svg/onload=evil()> `</code><evil>` </textarea></title></script><evil> {{ evil }} {% evil %}"
)
SHORT = "=\"'><evil onclick=evil()>"  # a formula too; whole in the shortest fields
FORMULAS = ["+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1"]
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("attack", [ATTACK, SHORT], ids=["of all kinds", "out of an attribute"])
def test_no_page_lets_hostile_text_become_markup_nor_a_table_a_formula(
    attack: str, olga: Member, signed_in: Enter
) -> None:
    olga.workspace.name = attack[:100]
    olga.workspace.save()
    world = make_world(olga.workspace, olga, attack)
    for formula in FORMULAS:
        RejectedRowFactory.create(source=Import.objects.get(), field=formula, reason=formula)
    found, shown, tables = [], 0, 0
    for url, answer in pages_of(signed_in(olga), all_routes(), world):
        if attack == SHORT:
            demand_second_wall(url, answer)
            tables += is_a_table_without_formulas(url, answer)
        if answer.streaming or not answer.headers["Content-Type"].startswith("text/html"):
            continue
        page = Page(answer.content.decode())
        shown += "<evil" in page.text or "evil()" in page.text
        found += [f"{url}: {danger}" for danger in page.dangers]
    assert found == []
    assert shown > 20, "hardly any page shows what was written: the test looks at nothing"
    assert tables or attack != SHORT


def demand_second_wall(url: str, answer: HttpResponse) -> None:
    """No scripts of its own and no guessing of types; and uploads or exports are downloads, never pages
    of our origin.
    """
    policy = answer.headers.get("Content-Security-Policy", "")
    assert "script-src 'self'" in policy, url
    assert "unsafe" not in policy, url
    assert answer.headers["X-Content-Type-Options"] == "nosniff", url
    assert answer.headers["X-Frame-Options"] == "DENY", url
    kind, where = answer.headers["Content-Type"], answer.headers.get("Content-Disposition", "")
    is_ours = kind.startswith(("text/html", "application/json", "application/vnd.oai"))
    assert is_ours or where.startswith("attachment"), (url, kind)
    assert not url.startswith("/api/") or "json" in kind or where, (url, kind)


WITHOUT_TEXT = "/consensus/csv/"  # keys and numbers, and words of choices, of which none is judged


def is_a_table_without_formulas(url: str, answer: HttpResponse) -> bool:
    if not answer.headers["Content-Type"].startswith(("text/csv", "text/tab")):
        return False
    rows = csv.reader(io.StringIO(shown_by(answer).decode().lstrip("\ufeff"), newline=""))
    cells = [cell for row in rows for cell in row]
    assert any(SHORT in cell for cell in cells) or WITHOUT_TEXT in url, url
    assert not [cell for cell in cells if cell.startswith(STARTS_A_FORMULA)], url
    return True
