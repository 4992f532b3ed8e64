"""What the tests of kept work share: judging a hand of comparisons, and what the server has of it.

The page is ahead of the server: wait for the server's word before asking the database.
Set EVALHUB_SHOTS to a folder to keep pictures.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from evalhub.campaigns.models import Assignment
from evalhub.common.embedded.children import wait_until
from evalhub.judgments.models import Judgment
from tests.browser.conftest import DESKTOP, PHONE

SLOW = 20_000  # milliseconds that the page may take to notice that the server is back


def holds(page: Page, count: int) -> None:
    """Wait until so many tasks are in the page's hand, and it has asked for no more."""
    assert wait_until(lambda: Assignment.objects.held().count() == count, seconds=10)
    page.wait_for_load_state("networkidle")


def shown(page: Page, task: int) -> None:
    expect(page.get_by_text(f"Task {task}, text 0.", exact=True)).to_be_visible(timeout=SLOW)


def is_safe(page: Page) -> None:
    expect(page.locator("#status")).to_have_text("Safe on the server", timeout=SLOW)


def much_better(label: str) -> re.Pattern[str]:
    return re.compile({"A": "A ≫", "B": "B ≫"}[label])


def keep_shot(page: Page, name: str) -> None:
    if folder := os.environ.get("EVALHUB_SHOTS"):
        for size, at in (("desktop", DESKTOP), ("phone", PHONE)):
            for scheme in ("light", "dark"):
                page.set_viewport_size(at)
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two
                page.screenshot(path=Path(folder) / f"kept-{name}-{size}-{scheme}.png")
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")


def judge(page: Page, key: str) -> None:
    page.keyboard.press(key)
    page.keyboard.press("Control+Enter")


def stored() -> list[tuple[int, int]]:
    """The lot of the task and the margin towards A as shown, in the order in which they came."""
    rows = Judgment.objects.order_by("pk").select_related("task", "assignment")
    found = []
    for row in rows:
        assert row.assignment is not None
        towards = 1 if row.assignment.permutation == [0, 1] else -1
        found.append((row.task.lot, row.preferences.get().margin * towards))
    return found


def sign_in_here(page: Page, name: str, password: str) -> None:
    """Through the form on the page itself, after the session has ended."""
    dialog = page.get_by_role("dialog", name="Sign in again")
    if not dialog.is_visible():
        page.get_by_role("button", name="Sign in here").click()
    dialog.get_by_label("User name").fill(name)
    dialog.get_by_label("Password").fill(password)
    dialog.get_by_role("button", name="Sign in").click()
