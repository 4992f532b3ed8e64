"""Bob works through every type of task: by keyboard alone, by touch, by mouse where it differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Flag
from evalhub.judgments.models import DeskSettings, Judgment
from evalhub.rubrics.models import Criterion
from tests.browser.conftest import PHONE
from tests.browser.desk import CALLS, REASONING, SOURCES, campaign_of, open_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]

CONVERSATION = [
    {"role": "user", "content": "What colour is it at dusk?"},
    {"role": "assistant", "content": "Red, mostly."},
    {"role": "user", "content": "And by day?"},
]


def is_done(page: Page) -> Judgment:
    expect(page.get_by_role("heading", name="Nothing left for you here")).to_be_visible()
    return Judgment.objects.get()


def ratings_of(judgment: Judgment) -> list[tuple[str, int | None, int | None]]:
    rows = judgment.ratings.order_by("turn", "criterion__slug", "pk")
    return [(row.criterion.slug, row.turn, row.value) for row in rows.select_related("criterion")]


class Journey(NamedTuple):
    type: str
    more: dict[str, Any]
    keys: list[str]  # one a press; "=words" types
    check: Callable[[Judgment], None]


def seven_steps(judgment: Judgment) -> None:
    rows = judgment.preferences.order_by("criterion__slug")
    assert [abs(row.margin) for row in rows] == [3, 0, 1]
    assert [row.both_bad for row in rows] == [False, False, False]


def bad_in_factuality(judgment: Judgment) -> None:
    found = judgment.preferences.order_by("criterion__slug").values_list("both_bad", "margin")
    assert [(bad, abs(margin)) for bad, margin in found] == [(True, 0), (False, 0), (False, 2)]


def one_step_wrong(judgment: Judgment) -> None:
    assert list(judgment.steps.values_list("step", "verdict")) == [(0, "right"), (1, "wrong")]
    wrong = judgment.steps.get(step=1)
    assert REASONING[wrong.start : wrong.end] == "Step 2: Two dozen are 2 · 12 = 26."


def two_calls(judgment: Judgment) -> None:
    rows = judgment.tool_calls.values_list("call", "right_tool", "right_arguments")
    assert list(rows) == [(0, True, False), (1, False, None)]


def turn_and_answer(judgment: Judgment) -> None:
    assert ratings_of(judgment) == [
        ("factuality", 1, 2),
        ("safety", 1, 3),
        ("factuality", None, 4),
        ("safety", None, 5),
    ]


def cannot_tell(judgment: Judgment) -> None:
    assert ratings_of(judgment) == [("factuality", None, None), ("safety", None, 5)]
    assert judgment.ratings.get(value=None).reason == "not_my_field"


def corrected(judgment: Judgment) -> None:
    assert judgment.corrections.get().content.startswith("No: Rayleigh scattering")


def marked(judgment: Judgment) -> None:
    span = judgment.spans.get()
    assert span.completion is not None
    text = span.completion.content
    assert text[span.start : span.end] == "Rayleigh scattering: **short waves scatter more**."
    assert (span.error_type, span.document) == ("false", 0)
    assert SOURCES[0]["text"][span.document_start : span.document_end] == (  # type: ignore[index]
        "Blue light scatters **ten times** more than red light."
    )


def labelled(judgment: Judgment) -> None:
    assert ratings_of(judgment) == [("factuality", None, 2), ("safety", None, 4)]
    span = judgment.spans.get()
    assert (span.completion, span.start) == (None, 0)
    assert judgment.task.prompt.last_turn[: span.end] == judgment.task.prompt.last_turn


def written(judgment: Judgment) -> None:
    assert judgment.demonstration.content == "Because of the air."


JOURNEYS = {
    "rating, cannot tell with its reason": Journey(
        "rating", {"asks": []}, ["0", "Tab", "Tab", "n-reason", "ArrowDown", "5"], cannot_tell
    ),
    "comparison, seven steps and each criterion": Journey(
        "comparison", {"asks": ["criteria"], "preference_steps": 7}, ["1", "4", "5"], seven_steps
    ),
    "comparison, both bad in one criterion": Journey(
        "comparison", {"asks": ["criteria"]}, ["0", "3", "1"], bad_in_factuality
    ),
    "label with a marked passage": Journey(
        "label", {"asks": ["spans"]}, ["2", "4", "m", "Enter", "1", "Enter"], labelled
    ),
    "demonstration": Journey("demonstration", {"asks": []}, ["=Because of the air."], written),
    "reasoning, the first error": Journey(
        "rating", {"asks": ["steps"], "texts": [REASONING]}, ["4", "4", "1", "2"], one_step_wrong
    ),
    "tool calls": Journey(
        "rating", {"asks": ["tool_calls"], "tool_calls": CALLS}, ["4", "4", "2", "3"], two_calls
    ),
    "turns": Journey(
        "rating",
        {"asks": ["turns"], "prompt": {"messages": CONVERSATION}},
        ["2", "3", "4", "5"],
        turn_and_answer,
    ),
    "correction": Journey("rating", {"asks": ["correction"]}, ["4", "4", "e", "=No: "], corrected),
    "passage with its evidence": Journey(
        "rating",
        {"asks": ["spans"], "prompt": {"documents": SOURCES}},
        ["4", "4", "m", "Enter", "1", "Enter", "link", "Enter", "Enter"],
        marked,
    ),
}


@pytest.mark.parametrize("name", JOURNEYS)
@pytest.mark.usefixtures("quiet")
def test_by_keyboard_alone(page: Page, live_server: LiveServer, bob: Member, name: str) -> None:
    journey = JOURNEYS[name]
    campaign = campaign_of(bob, journey.type, 1, **journey.more)
    open_page(page, bob, live_server.url, campaign)
    if journey.type == "demonstration":
        page.keyboard.press("Tab")
        page.locator("textarea").first.focus()
    for key in journey.keys:
        if key.startswith("="):
            page.keyboard.type(key[1:])
        elif key == "n-reason":
            page.get_by_label("Why can’t you tell?").first.focus()
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Escape")
        elif key == "link":
            page.get_by_role("button", name="Link as evidence").focus()
            page.keyboard.press("Enter")
        else:
            page.keyboard.press(key)
    page.keyboard.press("Control+Enter")
    journey.check(is_done(page))


@pytest.mark.parametrize("type_", ["rating", "comparison", "ranking", "label", "demonstration"])
def test_by_touch_on_a_phone(
    browser: Browser, live_server: LiveServer, bob: Member, type_: str
) -> None:
    campaign = campaign_of(bob, type_, 1, asks=[])
    context = browser.new_context(base_url=live_server.url, has_touch=True, viewport=PHONE)
    page = context.new_page()
    open_page(page, bob, live_server.url, campaign)
    for ask in page.locator("fieldset.ask").all():
        ask.locator("label.option").nth(1).tap()
    if type_ == "demonstration":
        page.get_by_label("Your answer").tap()
        page.get_by_label("Your answer").fill("Because of the air.")
    page.get_by_role("button", name="Submit and next").tap()
    judgment = is_done(page)
    assert judgment.wall_ms is not None
    page.close()
    context.close()


@pytest.mark.usefixtures("quiet")
def test_what_a_campaign_asks_besides_is_done_by_touch(
    browser: Browser, live_server: LiveServer, bob: Member
) -> None:
    asks = ["steps", "tool_calls", "spans", "correction"]
    campaign = campaign_of(bob, "rating", 1, asks=asks, texts=[REASONING], tool_calls=CALLS)
    context = browser.new_context(base_url=live_server.url, has_touch=True, viewport=PHONE)
    page = context.new_page()
    open_page(page, bob, live_server.url, campaign)
    page.get_by_role("button", name="As written").tap()
    expect(page.locator(".response .raw")).to_be_visible()
    expect(page.get_by_role("button", name="Scroll apart")).to_be_hidden()  # one stands alone
    select(page, ".response .raw", "26")
    page.get_by_role("button", name="Mark", exact=True).tap()
    page.get_by_label("False statement").tap()
    page.locator("#mark-dialog").get_by_role("button", name="Mark").tap()
    page.get_by_role("button", name="Edit").tap()
    page.locator("[data-corrects=A] textarea").fill(REASONING.replace("26", "24"))
    for ask in page.locator("fieldset.ask").all():
        ask.locator("label.option").nth(0).tap()
    page.get_by_role("button", name="Submit and next").tap()
    judgment = is_done(page)
    assert [span.start for span in judgment.spans.all()] == [REASONING.index("26")]
    assert judgment.corrections.get().content == REASONING.replace("26", "24")
    assert (judgment.steps.count(), judgment.tool_calls.count()) == (3, 2)
    page.close()
    context.close()


@pytest.mark.parametrize("way", ["buttons", "drag", "keys"])
@pytest.mark.usefixtures("quiet")
def test_a_ranking_with_a_tie(page: Page, live_server: LiveServer, bob: Member, way: str) -> None:
    campaign = campaign_of(bob, "ranking", 1, asks=[])
    open_page(page, bob, live_server.url, campaign)
    tier = page.locator(".tier")
    if way == "buttons":
        page.get_by_role("button", name="Move A down").click()
        page.get_by_role("button", name="Move B down").click()
        page.get_by_role("button", name="Move C down").click()
        page.get_by_role("button", name="Move C down").click()
    elif way == "drag":
        for label, place in (("A", 0), ("B", 0), ("C", 1)):
            page.locator(f".chip[data-of={label}] b").hover()
            page.mouse.down()
            box = tier.nth(place).bounding_box()
            assert box is not None
            page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2, steps=4)
            page.mouse.up()
    else:
        for key in ("1", "1", "2"):
            page.keyboard.press(key)
    expect(tier.nth(0)).to_contain_text("A")
    expect(tier.nth(0)).to_contain_text("B")
    page.keyboard.press("Control+Enter")
    assert sorted(is_done(page).ranking.values_list("tier", flat=True)) == [0, 0, 1]


@pytest.mark.usefixtures("quiet")
def test_what_is_selected_is_stored_as_a_place_in_the_raw_text(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    """From the middle of bold words into a formula: the formula counts as a whole."""
    text = "A 🌤️ **clear day** has $E = mc^2$ in it."
    campaign = campaign_of(bob, "rating", 1, texts=[text], asks=["spans"])
    open_page(page, bob, live_server.url, campaign)
    page.evaluate(
        """() => {
          const bold = document.querySelector(".response strong");
          const inside = document.createTreeWalker(bold, NodeFilter.SHOW_TEXT).nextNode();
          const formula = document.querySelector(".response math mi").firstChild;
          getSelection().setBaseAndExtent(inside, 6, formula, 1);
        }"""
    )
    page.get_by_role("button", name="Mark", exact=True).click()
    page.get_by_label("False statement").check()
    page.locator("#mark-dialog").get_by_role("button", name="Mark").click()
    expect(page.locator("#marks-list li")).to_contain_text("False statement")
    page.keyboard.press("4")
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    span = is_done(page).spans.get()
    assert text[span.start : span.end] == "day** has $E = mc^2$"


@pytest.mark.parametrize("type_", ["rating", "label"])
@pytest.mark.usefixtures("quiet")
def test_a_mark_on_the_text_as_written_stands_where_it_was_set(
    page: Page, live_server: LiveServer, bob: Member, type_: str
) -> None:
    """Also behind what a browser counts otherwise: a line feed first in the text, and CR LF."""
    text = "\n\nOne 🌤️\r\n\r\ntwo **three**\r\nfour"
    more: dict[str, Any] = {"texts": [text]}
    if type_ == "label":
        more = {"prompt": {"messages": [{"role": "user", "content": text}]}}
    campaign = campaign_of(bob, type_, 1, asks=["spans"], **more)
    open_page(page, bob, live_server.url, campaign)
    page.get_by_role("button", name="As written").click()
    raw = ".response .raw" if type_ == "rating" else ".judge-prompt .raw"
    select(page, raw, "**three**")
    page.get_by_role("button", name="Mark", exact=True).click()
    page.get_by_label("False statement").check()
    page.locator("#mark-dialog").get_by_role("button", name="Mark").click()
    expect(page.locator("#marks-list q")).to_have_text("**three**")
    page.keyboard.press("4" if type_ == "rating" else "1")
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    span = is_done(page).spans.get()
    assert text[span.start : span.end] == "**three**"


def select(page: Page, holder: str, words: str) -> None:
    """Select `words`, which stand in one text node of `holder`."""
    page.locator(holder).evaluate(
        """(holder, words) => {
          const walker = document.createTreeWalker(holder, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const at = walker.currentNode.data.indexOf(words);
            if (at < 0) continue;
            getSelection().setBaseAndExtent(walker.currentNode, at, walker.currentNode, at + words.length);
            return;
          }
          throw Error(`no ${words}`);
        }""",
        words,
    )


@pytest.mark.usefixtures("quiet")
def test_edits_show_their_words_and_an_unchanged_text_is_no_edit(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 1, texts=["one two", "six ten"], asks=["correction"])
    open_page(page, bob, live_server.url, campaign)
    for label in "AB":
        page.locator(f".response[data-label={label}]").get_by_role("button", name="Edit").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" more")
    expect(page.locator(".diff ins")).to_have_text(" more")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    assert is_done(page).corrections.get().content.endswith(" more")


@pytest.mark.usefixtures("quiet")
def test_a_flag_reaches_the_leads_and_the_work_stays(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "rating", 1)
    open_page(page, bob, live_server.url, campaign)
    page.keyboard.press("3")
    page.keyboard.press("f")
    page.keyboard.press("5")
    page.get_by_label("In your words").fill("Is irony safe?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The leads see it.")).to_be_visible()
    flag = Flag.objects.get()
    assert (flag.kind, flag.text, flag.member) == ("question", "Is irony safe?", bob)
    expect(page.locator("input[name='rating.A.factuality'][value='3']")).to_be_checked()


@pytest.mark.usefixtures("quiet")
def test_keys_of_ones_own(page: Page, live_server: LiveServer, bob: Member) -> None:
    DeskSettings.objects.create(member=bob, preset="prodigy", keys={"flag": "q"})
    campaign = campaign_of(bob, "rating", 1)
    open_page(page, bob, live_server.url, campaign)
    page.keyboard.press("q")
    expect(page.get_by_role("dialog", name="Tell the leads")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    expect(page.get_by_role("dialog", name="Tell the leads")).to_be_hidden()
    page.keyboard.type("44")
    page.keyboard.press("a")
    assert ratings_of(is_done(page)) == [("factuality", None, 4), ("safety", None, 4)]


AGENT = [
    {"role": "user", "content": "Rude question."},
    {
        "role": "assistant",
        "content": "Rude answer.",
        "tool_calls": [{"name": "find", "arguments": {"words": "rude"}}],
    },
    {"role": "tool", "content": "Rude result."},
    {"role": "user", "content": "Again."},
]
BLUR = "every => every.map(one => getComputedStyle(one).filter != 'none')"


def test_what_is_warned_of_is_never_seen_before_scripts_run_and_can_be_without_them(
    browser: Browser, live_server: LiveServer, bob: Member
) -> None:
    more = {"messages": AGENT, "documents": SOURCES}
    campaign = campaign_of(bob, "rating", 1, content_warning="Rude words.", prompt=more)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    open_page(page, bob, live_server.url, campaign)
    shown = page.locator("#text :is(.rendered, .tool-call, .tool-result)")
    expect(shown).to_have_count(8)  # three turns, the last, a call, its result, a response, sources
    assert all(shown.evaluate_all(BLUR))
    page.get_by_label("Show what is blurred").check()
    assert not any(shown.evaluate_all(BLUR))
    page.close()
    context.close()


def test_what_cannot_be_sent_stays_in_its_dialog(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(bob, "rating", 2)
    open_page(page, bob, live_server.url, campaign)
    page.keyboard.press("f")
    page.keyboard.press("5")
    box = page.get_by_role("dialog", name="Tell the leads")
    box.get_by_role("button", name="Send").click()
    expect(box.get_by_role("alert")).to_have_text("Write the question.")
    box.get_by_label("In your words").fill("Is irony safe?")
    page.context.set_offline(True)
    box.get_by_role("button", name="Send").click()
    expect(box.get_by_role("alert")).to_contain_text("You are offline")
    box.get_by_role("button", name="Stay").click()
    page.context.set_offline(False)
    page.keyboard.press("f")
    expect(box.get_by_label("In your words")).to_have_value("Is irony safe?")
    box.get_by_role("button", name="Send").click()
    expect(box).to_be_hidden()
    assert Flag.objects.get().text == "Is irony safe?"
    page.keyboard.press("f")
    expect(box.get_by_label("In your words")).to_have_value("")  # said is said
    box.get_by_label("In your words").fill("of this task")
    page.keyboard.press("Escape")  # leaves the field
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.keyboard.type("44")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Task 1, text 0.", exact=True)).to_be_visible()
    page.keyboard.press("f")
    expect(box.get_by_label("In your words")).to_have_value("")


@pytest.mark.usefixtures("quiet")
def test_what_is_warned_of_is_blurred_until_asked_for(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    campaign = campaign_of(
        bob, "rating", 1, content_warning="Rude words.", prompt={"messages": AGENT}
    )
    open_page(page, bob, live_server.url, campaign)
    text = page.locator(".response .rendered")
    blur = "one => getComputedStyle(one).filter"
    assert text.evaluate(blur) != "none"
    page.keyboard.press("b")
    assert text.evaluate(blur) == "none"
    page.keyboard.press("s")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing left for you here")).to_be_visible()
    assert Assignment.objects.get().skip_reason == "opt_out"


def test_only_time_at_work_counts(page: Page, live_server: LiveServer, bob: Member) -> None:
    """Twenty seconds of reading and an hour away: the first minute of the hour is all of it."""
    campaign = campaign_of(bob, "rating", 1)
    page.clock.install()
    open_page(page, bob, live_server.url, campaign)
    page.clock.run_for(20_000)
    page.keyboard.press("4")
    page.clock.run_for(3_600_000)
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    page.clock.resume()
    assert 79_000 <= (is_done(page).active_ms or 0) <= 90_000


@pytest.mark.usefixtures("quiet")
def test_choosing_a_passage_is_told_and_arrows_go_the_way_they_point(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    """Arabic runs to the left, so the left arrow goes on; the smiley is one code point."""
    text = "السماء زرقاء 😀. الغروب أحمر. الليل أسود."
    campaign = campaign_of(bob, "rating", 1, asks=["spans"], texts=[text])
    open_page(page, bob, live_server.url, campaign)
    said = page.locator("#picking")
    page.keyboard.press("m")
    expect(said).to_contain_text("Choosing a passage")
    expect(said).to_contain_text("السماء زرقاء 😀.")
    page.keyboard.press("ArrowLeft")
    expect(said).to_have_text("“الغروب أحمر.”")
    page.keyboard.press("ArrowRight")
    expect(said).to_have_text("“السماء زرقاء 😀.”")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(said).to_have_text("")
    page.get_by_label("False statement").check()
    page.locator("#mark-dialog").get_by_role("button", name="Mark").click()
    page.keyboard.type("44")
    page.keyboard.press("Control+Enter")
    span = is_done(page).spans.get()
    assert text[span.start : span.end] == "الغروب أحمر."


@pytest.mark.usefixtures("quiet")
def test_the_points_in_words_stay_open_for_each_question_and_the_next_task(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    """By keyboard; once closed they stay closed. A point's words are what its button is described by."""
    campaign = campaign_of(bob, "rating", 3)
    open_page(page, bob, live_server.url, campaign)
    point = page.locator("#sheet").get_by_role("radio").first
    assert point.get_attribute("aria-description") == "What 1 means"
    asks = page.locator("fieldset.ask")
    expect(asks.nth(1).get_by_text("What 5 means")).to_be_hidden()
    asks.nth(0).get_by_text("What each point means").focus()
    page.keyboard.press("Enter")
    for ask in asks.all():
        expect(ask.locator(".points li")).to_have_text([f"{n} What {n} means" for n in range(1, 6)])
        expect(ask.locator(".points").get_by_text("What 5 means")).to_be_visible()
    page.keyboard.type("44")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Task 1, text 0.", exact=True)).to_be_visible()
    expect(asks.nth(1).locator(".points").get_by_text("What 5 means")).to_be_visible()
    asks.nth(1).get_by_text("What each point means").click()
    expect(asks.nth(0).locator(".points").get_by_text("What 5 means")).to_be_hidden()


def test_taps_are_work_too(browser: Browser, live_server: LiveServer, bob: Member) -> None:
    """A tap moves no pointer and scrolls nothing: twice twenty seconds, and the page never moved."""
    campaign = campaign_of(bob, "rating", 1, asks=[], texts=["Short."])
    context = browser.new_context(base_url=live_server.url, has_touch=True, viewport=PHONE)
    page = context.new_page()
    page.clock.install()
    open_page(page, bob, live_server.url, campaign)
    for ask in page.locator("fieldset.ask").all():
        page.clock.run_for(20_000)
        ask.locator("label.option").nth(1).tap()
    page.get_by_role("button", name="Submit and next").tap()
    page.clock.resume()
    assert 39_000 <= (is_done(page).active_ms or 0) <= 50_000
    context.close()


@pytest.mark.usefixtures("quiet")
def test_evidence_is_chosen_by_keyboard_in_any_source(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    """The arrows go on into the next source; what was found is where they begin."""
    sources = [
        {"title": "Leaflet", "text": "One tablet a day. Never two."},
        {"title": "Letter", "text": "She took **three** tablets. She slept."},
    ]
    campaign = campaign_of(bob, "rating", 1, asks=["spans"], prompt={"documents": sources})
    open_page(page, bob, live_server.url, campaign)
    for key in ("m", "Enter", "1", "Enter"):
        page.keyboard.press(key)
    picked = page.locator("#picking")

    def link() -> None:
        page.get_by_role("button", name="Link as evidence").focus()
        page.keyboard.press("Enter")

    link()
    expect(picked).to_contain_text("“One tablet a day.”")
    page.keyboard.press("ArrowLeft")
    expect(picked).to_contain_text("“One tablet a day.”")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(picked).to_have_text("Letter: “She took three tablets.”")
    page.keyboard.press("ArrowLeft")
    expect(picked).to_have_text("Leaflet: “Never two.”")
    page.keyboard.press("Escape")
    page.locator("#find").fill("THREE")
    link()
    expect(picked).to_contain_text("“She took three tablets.”")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#marks-list")).to_contain_text("Evidence: Letter")


@pytest.mark.usefixtures("quiet")
def test_a_word_beside_a_preference(page: Page, live_server: LiveServer, bob: Member) -> None:
    campaign = campaign_of(bob, "comparison", 1, asks=["criteria"])
    Criterion.objects.filter(slug="safety").update(asks_comment=True, required=False)
    open_page(page, bob, live_server.url, campaign)
    word = page.get_by_label("A word on it", exact=True)
    word.fill("B names a dose.")
    page.locator('input[name="preference"][value="A2"]').check(force=True)
    page.locator('input[name="preference.factuality"][value="tie"]').check(force=True)
    expect(page.locator("#missing")).to_have_text("Still to answer: Safety.")
    page.locator('input[name="preference.safety"][value="A1"]').check(force=True)
    page.keyboard.press("Control+Enter")
    said = is_done(page).preferences.get(criterion__slug="safety")
    assert (abs(said.margin), said.comment) == (1, "B names a dose.")


@pytest.mark.usefixtures("quiet")
def test_ten_options_and_a_comment(page: Page, live_server: LiveServer, bob: Member) -> None:
    campaign = campaign_of(bob, "label", 1, asks=[])
    Criterion.objects.filter(slug="factuality").update(
        kind="choice", low=1, high=3, anchors={"1": "billing", "2": "tech", "3": "other"}
    )
    Criterion.objects.filter(slug="safety").update(asks_comment=True)
    open_page(page, bob, live_server.url, campaign)
    expect(page.get_by_label("tech")).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("4")
    page.get_by_label("A word on it", exact=True).fill("Only just.")
    page.keyboard.press("Control+Enter")
    judgment = is_done(page)
    assert ratings_of(judgment) == [("factuality", None, 2), ("safety", None, 4)]
    assert judgment.ratings.get(criterion__slug="safety").comment == "Only just."


@pytest.mark.usefixtures("quiet")
def test_undo_goes_back_to_the_last_one_and_the_task_in_hand_waits(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    """The first judgment stays; the change of mind supersedes it; what was begun is not lost."""
    campaign = campaign_of(bob, "rating", 2)
    open_page(page, bob, live_server.url, campaign)
    page.keyboard.type("44")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Task 1, text 0.", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("u")
    expect(page.get_by_text("Task 0, text 0.", exact=True)).to_be_visible()
    expect(page.locator("input[name='rating.A.factuality'][value='4']")).to_be_checked()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Task 1, text 0.", exact=True)).to_be_visible()
    expect(page.locator("input[name='rating.A.factuality'][value='2']")).to_be_checked()
    first, second = Judgment.objects.order_by("pk")
    assert second.supersedes == first
    assert ratings_of(first)[0] == ("factuality", None, 4)
    assert ratings_of(second)[0] == ("factuality", None, 1)


@pytest.mark.usefixtures("quiet")
def test_a_screen_reader_hears_what_a_key_chose_and_what_is_lit_now(
    page: Page, live_server: LiveServer, bob: Member
) -> None:
    """The focus stays where it was: what a sighted annotator sees lit is said."""
    DeskSettings.objects.update_or_create(member=bob, defaults={"auto_advance": True})
    open_page(page, bob, live_server.url, campaign_of(bob, "rating", 1))
    heard = page.locator("#judge + [role=status]")
    expect(heard).to_be_empty()
    page.keyboard.press("4")
    expect(heard).to_have_text("Factuality: 4, What 4 means. Question 2 of 2: Safety")
    page.keyboard.press("ArrowUp")
    expect(heard).to_have_text("Question 1 of 2: Factuality: 4, What 4 means")
