"""Every type and state of the annotator's page: no barriers, nothing sideways, and how it looks.

Set EVALHUB_SHOTS to a folder to keep a picture of each.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.rubrics.models import Criterion
from tests.browser.conftest import DESKTOP, PHONE, axe_findings, scrolls_sideways
from tests.browser.desk import CALLS, REASONING, SOURCES, campaign_of, open_page
from tests.factories import GuidelinesFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]

CONVERSATION = [
    {"role": "system", "content": "You are a guide to the sky."},
    {"role": "user", "content": "What colour is it at dusk?"},
    {"role": "assistant", "content": "Red, mostly."},
    {"role": "user", "content": "And why is it blue by day?"},
]
ARABIC = "السماء زرقاء لأن الضوء الأزرق يتشتت أكثر من الأحمر.\n\n> اقتباس قصير\n\n1. أولاً\n2. ثانياً"
CJK = "空が青いのは、青い光がよく散乱されるからです。🌤️🧑🏽‍🔬"
TABLE = (
    "| Colour | nm |\n|---|---|\n| blue | 450 |\n| red | 700 |\n\n"
    + "$$\\frac{a}{b}$$\n\n"
    + "word " * 90
)
LONG = "A long line of thought that goes on. " * 5_000  # 185,000 characters


class State(NamedTuple):
    type: str
    more: dict[str, Any] = {}
    keys: tuple[str, ...] = ()  # pressed before the picture
    guidelines: bool = False
    opened: str = ""  # clicked before the picture


STATES = {
    "rating": State("rating", {"asks": ["critique"]}, ("3",)),
    "comparison": State("comparison", {"asks": ["ratings", "critique"]}, ("4", "5")),
    "comparison_7_criteria": State(
        "comparison", {"asks": ["criteria"], "preference_steps": 7}, ("2", "4")
    ),
    "ranking": State("ranking", {"asks": ["critique"]}, ("2", "ArrowDown", "2")),
    "label": State("label", {"asks": ["spans"]}, ("1",)),
    "demonstration": State("demonstration", {"asks": ["critique"]}),
    "turns": State("rating", {"asks": ["turns"], "prompt": {"messages": CONVERSATION}}, ("2",)),
    "steps": State("rating", {"asks": ["steps"], "texts": [REASONING]}, ("4", "4", "1", "2")),
    "tool_calls": State("rating", {"asks": ["tool_calls"], "tool_calls": CALLS}, ("4", "4")),
    "sources": State(
        "rating", {"asks": ["spans"], "prompt": {"documents": SOURCES}}, ("d", "Escape", "m")
    ),
    "warning": State("comparison", {"content_warning": "Some of these are rude.", "asks": []}),
    "correction": State("rating", {"asks": ["correction"]}, ("e", "End", "X")),
    "skip": State("rating", {"asks": []}, ("s",)),
    "flag": State("rating", {"asks": []}, ("f",)),
    "keys": State("rating", {"asks": []}, ("?",)),
    "mark": State("rating", {"asks": ["spans"]}, ("m", "ArrowRight", "Enter")),
    "choosing": State("rating", {"asks": ["spans"]}, ("m", "ArrowRight")),
    "points": State("rating", {"asks": []}, opened="What each point means"),
    "arabic": State("comparison", {"texts": [ARABIC, CJK], "asks": ["ratings"]}),
    "table_and_formula": State("comparison", {"texts": [TABLE, TABLE + "x"], "asks": []}),
    "very_long": State("comparison", {"texts": [LONG, LONG + "x"], "asks": []}),
    "guidelines": State("rating", {"asks": []}, guidelines=True),
}
VIEWS: dict[str, tuple[Any, Literal["light", "dark"]]] = {
    "desktop": (DESKTOP, "light"),
    "dark": (DESKTOP, "dark"),
    "phone": (PHONE, "light"),
}
NARROW: ViewportSize = {"width": 320, "height": 568}  # a desktop of 1,280 at 400 %, WCAG 1.4.10
COLOURS = ("desktop", "dark")  # on a phone they are the same


@pytest.mark.parametrize("name", STATES)
@pytest.mark.usefixtures("quiet")
def test_no_state_of_the_page_has_barriers(
    page: Page, live_server: LiveServer, bob: Member, name: str
) -> None:
    state = STATES[name]
    campaign = campaign_of(bob, state.type, 2, **state.more)
    Criterion.objects.filter(slug="safety").update(kind="yes_no", low=0, high=1, anchors={})
    if state.guidelines:
        GuidelinesFactory.create(campaign=campaign, consent="My answers may be published.")
    page.set_viewport_size(DESKTOP)
    page.emulate_media(reduced_motion="reduce")  # no colour half way to another
    open_page(page, bob, live_server.url, campaign)
    for key in state.keys:
        page.keyboard.press(key)
    if state.opened:
        page.get_by_text(state.opened).first.click()
    for view, (size, scheme) in VIEWS.items():
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        keep_picture(page, f"{name}-{view}")
        assert axe_findings(page, colours=view in COLOURS) == [], view
        assert not scrolls_sideways(page), view
    page.set_viewport_size(NARROW)
    keep_picture(page, f"{name}-narrow")
    assert not scrolls_sideways(page)


@pytest.mark.usefixtures("quiet")
def test_a_low_window_shows_text_and_form_one_after_the_other(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    """A desktop of 1,280 × 800 at 400 %: neither scrolls in a slit of its own, and End still goes to the end."""
    page.set_viewport_size({"width": 320, "height": 200})
    open_page(page, bob, live_server.url, campaign_of(bob, "rating", 1, texts=[TABLE]))
    for place in (".judge-text", ".judge-asks"):
        whole = page.locator(place).evaluate("(one) => one.clientHeight >= one.scrollHeight - 1")
        assert whole, place
    page.keyboard.press("j")
    seen = "(one) => { const { bottom } = one.getBoundingClientRect(); return bottom > 0 && bottom <= innerHeight + 1; }"
    assert page.locator(".judge-text").evaluate(seen)
    page.keyboard.press("ArrowDown")
    expect(page.locator("fieldset.ask.lit")).to_be_in_viewport()


def keep_picture(page: Page, name: str) -> None:
    if folder := os.environ.get("EVALHUB_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")
