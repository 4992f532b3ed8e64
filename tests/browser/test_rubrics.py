"""Alice builds a rubric and sees it live; Bob answers its numbers, words and conditions."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.rubrics.drafts import edit_criterion, remove_criterion
from evalhub.rubrics.intake import rubric_from
from evalhub.rubrics.models import CarryRule, RubricVersion
from evalhub.rubrics.services import new_version, publish_version
from evalhub.rubrics.shipped import template
from tests.browser.conftest import DESKTOP, PHONE, axe_findings, scrolls_sideways
from tests.browser.desk import (
    campaign_of,
    counts_errors,
    is_ready,
    look,
    open_page,
    start_session,
)

pytestmark = pytest.mark.browser


def draft_of(alice: Member, name: str) -> RubricVersion:
    document = template(name)
    return rubric_from(
        document=document, workspace=alice.workspace, slug=name, name=document.name, by=alice
    )


def campaign_with(alice: Member, bob: Member, name: str) -> Campaign:
    version = publish_version(version=draft_of(alice, name), by=alice)
    campaign = campaign_of(bob, "rating", 1, asks=[])
    Campaign.objects.filter(pk=campaign.pk).update(rubric_version=version)
    return campaign


def ask(name: str) -> str:
    return f'fieldset.ask[data-name$=".{name}"]'


@pytest.mark.usefixtures("quiet")
def test_a_condition_a_number_and_words_by_keyboard_alone(
    page: Page, live_server: LiveServer, alice: Member, bob: Member
) -> None:
    campaign = campaign_with(alice, bob, "step-by-step")
    open_page(page, bob, live_server.url, campaign)
    is_ready(page)
    number, kind = (page.locator(ask(name)) for name in ("first-wrong-step", "kind-of-error"))
    expect(number).to_be_hidden()
    page.keyboard.press("1")  # the final answer is right
    page.keyboard.press("2")  # wrong early: now two more questions are there
    expect(number).to_be_visible()
    page.keyboard.press("3")  # the key itself goes into the number
    expect(number.locator(".typed")).to_have_value("3")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("4")
    expect(kind.locator("input:checked")).to_have_count(1)
    page.keyboard.press("5")
    page.keyboard.press("4")
    expect(page.locator("#missing")).to_have_text("Ready to submit.")
    look(page, "judge-new-kinds")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Nothing left for you here")).to_be_visible()
    ratings = Judgment.objects.get().ratings.values_list("criterion__slug", "value")
    assert dict(ratings) == {
        "final-answer": 1,
        "validity": 2,
        "first-wrong-step": 3,
        "kind-of-error": 4,
        "completeness": 5,
        "economy": 4,
    }


@pytest.mark.usefixtures("quiet")
def test_what_is_no_longer_asked_is_not_sent(
    page: Page, live_server: LiveServer, alice: Member, bob: Member
) -> None:
    campaign = campaign_with(alice, bob, "step-by-step")
    open_page(page, bob, live_server.url, campaign)
    is_ready(page)
    for key in ("1", "2", "3"):
        page.keyboard.press(key)
    page.locator(ask("validity")).locator("input[value='5']").check()
    expect(page.locator(ask("first-wrong-step"))).to_be_hidden()
    for name in ("completeness", "economy"):
        page.locator(ask(name)).locator("input[value='5']").check()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Nothing left for you here")).to_be_visible()
    assert Judgment.objects.get().ratings.count() == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("quiet")
def test_the_preview_follows_what_is_typed(
    page: Page, live_server: LiveServer, alice: Member, scheme: str
) -> None:
    version = draft_of(alice, "relevance")
    start_session(page, alice, live_server.url)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"/w/acme/rubrics/versions/{version.uid}/criteria/add/")
    form = counts_errors(page)
    form.get_by_label("Asked only where").select_option("relevance=2")
    preview = page.locator("#preview")
    errors = preview.locator(ask("errors"))
    expect(errors).to_have_count(1)
    expect(errors).to_be_hidden()
    preview.locator(ask("relevance")).locator("input[value='2']").check()
    expect(errors).to_be_visible()
    errors.locator(".typed").fill("3")
    errors.get_by_label("can’t tell").check()
    expect(errors.locator(".typed")).to_have_value("")
    errors.locator(".typed").fill("7")
    expect(errors.locator("input:checked")).to_have_count(0)
    expect(preview.locator("#missing")).to_have_text("Ready to submit.")
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert not scrolls_sideways(page)
        assert axe_findings(page, colours=size == DESKTOP) == []
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#preview fieldset.ask")).to_have_count(2)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert not scrolls_sideways(page)
        assert axe_findings(page, colours=size == DESKTOP) == []
    assert list(version.criteria.values_list("slug", flat=True)) == ["relevance", "errors"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.usefixtures("quiet")
def test_changes_are_read_and_ruled_on_one_page(
    page: Page, live_server: LiveServer, alice: Member, size: ViewportSize, scheme: str
) -> None:
    first = publish_version(version=draft_of(alice, "summarisation"), by=alice)
    draft = new_version(rubric=first.rubric, by=alice)
    one, *_rest, last = draft.criteria.order_by("position")
    edit_criterion(
        criterion=one,
        name=one.name,
        question=f"All in all: {one.question}",
        anchors=["Never", "At times", "Always"],
        by=alice,
    )
    remove_criterion(criterion=last, by=alice)
    second = publish_version(version=draft, by=alice)
    page.set_viewport_size(size)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    start_session(page, alice, live_server.url)
    page.goto(f"{live_server.url}/w/acme/rubrics/versions/{second.uid}/")
    page.get_by_role("link", name="What this version changes").click()
    card = page.locator("section.card").first
    card.get_by_label("Answers given before").select_option("map")
    card.get_by_text("The table of a map").click()
    card.get_by_label("1: ").select_option("1")
    assert axe_findings(page) == []
    assert not scrolls_sideways(page)
    page.get_by_role("button", name="Save the rules").click()
    expect(page.locator("section.card").first.get_by_label("1: ")).to_have_value("1")
    assert CarryRule.objects.get(rule="map").values == {"1": 1}
