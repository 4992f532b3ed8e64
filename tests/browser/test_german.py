"""Bob signs in and judges in German: German words are longer, and still nothing may be cut off.

Set EVALHUB_SHOTS to a folder to keep a picture of each page.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.judgments.models import Judgment
from tests.browser.conftest import DESKTOP, PHONE, axe_findings, scrolls_sideways
from tests.browser.desk import CALLS, REASONING, SOURCES, campaign_of, start_session
from tests.factories import PASSWORD, ExpertAnswerFactory, GuidelinesFactory, TaskFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]
SIZES = {"desktop": DESKTOP, "phone": PHONE}
ALL_OF_A_RATING = ["critique", "correction", "spans", "steps", "tool_calls"]

# Text that is wider than the button, option, cell or paragraph it stands in
_CUT_OFF = """() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const boxes = "button, a, label, legend, th, td, h1, h2, h3, p, dt, dd, summary, .badge, .option";
  while (texts.nextNode()) {
    const text = texts.currentNode, box = text.parentElement.closest(boxes);
    const free = ".visually-hidden, .skip, .rendered, .table-scroll table:not(.stacks), pre, select";
    if (!text.data.trim() || !box || text.parentElement.closest(free)) continue;
    if (getComputedStyle(text.parentElement).clipPath !== "none") continue; // for readers' ears
    const range = document.createRange();
    range.selectNodeContents(text);
    const inner = range.getBoundingClientRect(), outer = box.getBoundingClientRect();
    const left = Math.max(0, outer.left), right = Math.min(innerWidth, outer.right);
    if (inner.width && (inner.left < left - 1 || inner.right > right + 1)) found.push(text.data.trim());
  }
  return found;
}"""


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return browser_context_args | {"locale": "de-DE"}


def assert_well_made(page: Page, name: str) -> None:
    if folder := os.environ.get("EVALHUB_SHOTS"):
        page.screenshot(path=Path(folder) / f"german-{name}.png", full_page=True)
    assert page.locator("html").get_attribute("lang") == "de"
    assert axe_findings(page, colours=False) == []  # they are as in English
    assert not scrolls_sideways(page)
    assert page.evaluate(_CUT_OFF) == []


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("view", SIZES)
def test_bob_judges_a_comparison_in_german_by_keyboard(page: Page, bob: Member, view: str) -> None:
    campaign = campaign_of(bob, "comparison", 2, asks=["ratings", "critique"])
    GuidelinesFactory.create(campaign=campaign)
    assert bob.user is not None
    page.set_viewport_size(SIZES[view])
    page.goto("/sign-in/")
    assert_well_made(page, f"sign-in-{view}")
    page.get_by_label("Benutzername").fill(bob.user.username)
    page.get_by_label("Passwort").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Eine Kampagne ist offen.")).to_be_visible()
    assert_well_made(page, f"home-{view}")
    press(page, "Zu meiner Arbeit")
    assert_well_made(page, f"my-work-{view}")
    press(page, "Beurteilen")
    assert_well_made(page, f"accept-{view}")
    press(page, "Gelesen und akzeptiert")
    expect(page.locator("#status")).to_contain_text("Sicher auf dem Server")
    expect(page.locator("#missing")).to_contain_text("Noch zu beantworten: Factuality · A")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Diese Aufgabe überspringen")).to_be_visible()
    assert_well_made(page, f"skip-{view}")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_text("diese Aufgabe melden oder die Leitung fragen")).to_be_visible()
    assert_well_made(page, f"list-of-keys-{view}")
    page.keyboard.press("Escape")
    page.keyboard.type("4503")
    page.keyboard.press("5")
    expect(page.locator("#missing")).to_have_text("Bereit zum Absenden.")
    assert_well_made(page, f"comparison-{view}")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#counted")).to_contain_text("1 von Ihnen in dieser Kampagne beurteilt")
    assert_well_made(page, f"with-undo-{view}")
    page.keyboard.type("4503")
    page.keyboard.press("5")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Hier ist nichts mehr für Sie")).to_be_visible()
    assert Judgment.objects.count() == 2
    assert_well_made(page, f"nothing-left-{view}")


def press(page: Page, name: str) -> None:
    """What a keyboard does with a link or a button."""
    page.locator("a.button, button").filter(has_text=name).first.press("Enter")


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("view", SIZES)
def test_no_page_of_the_desk_is_too_narrow_for_german(
    page: Page, live_server: LiveServer, bob: Member, view: str
) -> None:
    prompt = {"documents": SOURCES}
    rating = campaign_of(
        bob, "rating", 1, asks=ALL_OF_A_RATING, texts=[REASONING], tool_calls=CALLS, prompt=prompt
    )
    ranking = campaign_of(bob, "ranking", 1, content_warning="Grob.")
    comparison = campaign_of(bob, "comparison", 1)
    practice = TaskFactory.create(campaign=comparison, kind="practice", overlap=0, open_places=0)
    ExpertAnswerFactory.create(task=practice)
    page.set_viewport_size(SIZES[view])
    start_session(page, bob, live_server.url)
    paths = {
        "rating": f"campaigns/{rating.uid}/judge/",
        "ranking": f"campaigns/{ranking.uid}/judge/",
        "practice": f"campaigns/{comparison.uid}/practice/",
        "guidelines": f"campaigns/{rating.uid}/guidelines/",
        "keys": "my-work/keys/",
        "skipped": "my-work/skipped/",
        "calibration": "my-work/calibration/",
        "tokens": "tokens/",
    }
    for name, path in paths.items():
        page.goto(f"/w/acme/{path}")
        assert_well_made(page, f"{name}-{view}")
    page.goto("/profile/")
    assert_well_made(page, f"profile-{view}")
