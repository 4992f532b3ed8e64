"""A lead's campaign from its rubric to its end, in Chromium, with bob and two others.

With EVALHUB_SHOTS=<folder> each page is kept as a picture, wide and light, narrow and dark.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign
from evalhub.common.embedded.children import wait_until
from evalhub.jobs.jobs import deliver_waiting
from evalhub.judgments.models import Judgment, Review
from evalhub.prompts.models import Collection
from tests import factories as make
from tests.browser.conftest import DESKTOP
from tests.browser.desk import counts_errors, is_ready, look, start_session
from tests.evalhub.judgments.judging import say

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]

VERBS = {
    "rubric.created", "rubric.published", "campaign.created", "campaign.piloted",
    "campaign.price_kept", "campaign.changed", "campaign.alerts_set", "campaign.opened",
    "campaign.closed",
}  # fmt: skip


@pytest.fixture
def crew(bob: Member) -> list[Member]:
    """Bob and two others."""
    others = [
        make.MemberFactory.create(workspace=bob.workspace, pseudonym=name, roles=["annotator"])
        for name in ("cleo", "dan")
    ]
    return [bob, *others]


@pytest.fixture
def collection(alice: Member) -> Collection:
    """Twelve prompts, each answered by two models."""
    made = make.CollectionFactory.create(workspace=alice.workspace, slug="questions")
    generations = [make.GenerationFactory.create(workspace=alice.workspace) for _ in range(2)]
    for nth in range(12):
        prompt = make.PromptFactory.create(collection=made)
        for side, generation in enumerate(generations):
            text = f"Answer {side} to question {nth}: it depends on the light."
            make.CompletionFactory.create(prompt=prompt, generation=generation, content=text)
    return made


@pytest.fixture
def bobs(browser: Browser, live_server: LiveServer, bob: Member) -> Iterator[Page]:
    yield from _browser_of(bob, browser, live_server)


@pytest.fixture
def cleos(browser: Browser, live_server: LiveServer, crew: list[Member]) -> Iterator[Page]:
    yield from _browser_of(crew[1], browser, live_server)


def _browser_of(member: Member, browser: Browser, server: LiveServer) -> Iterator[Page]:
    """A browser of the member's own."""
    context = browser.new_context(
        base_url=server.url, bypass_csp=True, viewport=DESKTOP, reduced_motion="reduce"
    )
    page = context.new_page()
    start_session(page, member, server.url)
    yield page
    context.close()


def chosen(page: Page, label: str, *, exact: bool = True) -> None:
    page.get_by_label(label, exact=exact).check()


def told(page: Page, sentence: str) -> None:
    expect(page.get_by_role("main")).to_contain_text(sentence)


@pytest.mark.usefixtures("quiet")
def test_alice_takes_a_campaign_from_its_rubric_to_its_end(
    page: Page,
    bobs: Page,
    cleos: Page,
    base_url: str,
    alice: Member,
    crew: list[Member],
    collection: Collection,
) -> None:
    start_session(page, alice, base_url)
    _writes_a_rubric(page)
    _fills_in_a_campaign(page, collection)
    _tries_it_out(page, bobs, crew)
    _reckons_and_opens(page)
    _people_judge(page, bobs, cleos, crew)
    page.get_by_text("Close this campaign").click()
    page.get_by_role("button", name="Close it for good").click()
    told(page, "closed")
    assert set(Entry.objects.values_list("verb", flat=True)) >= VERBS


def _writes_a_rubric(page: Page) -> None:
    page.goto("/w/acme/rubrics/new/")
    page.get_by_label("Name", exact=True).fill("Helpful")
    page.get_by_label("Short name").fill("helpful")
    page.get_by_label("Begin with").select_option(label="Helpfulness")
    page.get_by_role("button", name="Make it and write its criteria").click()
    page.get_by_role("link", name="Add a criterion").click()
    counts_errors(page)
    expect(page.locator("#preview")).to_contain_text("How many?")  # as annotators will see it
    page.get_by_role("button", name="Save").click()
    told(page, "Errors")
    look(page, "lead-rubric")
    page.get_by_role("button", name="Publish and freeze").click()
    page.wait_for_url("**/rubrics/versions/**")


def _fills_in_a_campaign(page: Page, collection: Collection) -> None:
    page.goto("/w/acme/campaigns/new/")
    page.get_by_label("Title").fill("Which answers help?")
    page.get_by_label("Rubric", exact=True).select_option(label="Helpful v1")
    page.get_by_label("Prompts from").select_option(label=collection.name)
    for box in page.locator("input[name=models]").all():
        box.check()
    page.get_by_label("Judgments per task", exact=True).fill("2")
    page.get_by_label("Only so many prompts").fill("3")
    expect(page.get_by_role("status").last).to_contain_text("3 prompts make 3 tasks")
    page.get_by_label("Judgments of each person", exact=False).fill("100")
    look(page, "lead-campaign-new")
    page.get_by_role("button", name="Make the draft").click()
    page.wait_for_url("**/campaigns/**")
    look(page, "lead-draft")


def _tries_it_out(page: Page, bobs: Page, crew: list[Member]) -> None:
    page.get_by_role("link", name="Pilot", exact=True).click()
    page.get_by_label("Tasks", exact=True).fill("2")
    for member in crew:
        chosen(page, str(member))
    page.get_by_role("button", name="Start the pilot").click()
    told(page, "0 of 6 judgments are in.")
    pilot = Campaign.objects.get(pilot_of__isnull=False)
    for nth, member in enumerate(crew[1:]):
        sides = ["first", "second"][nth]
        say(pilot, member, dict.fromkeys(pilot.tasks.values_list("prompt", flat=True), sides))
    bobs.goto(f"/w/acme/campaigns/{pilot.uid}/judge/")
    is_ready(bobs)
    for count in (1, 2):
        bobs.keyboard.press("3")  # neither is better
        bobs.keyboard.press("Control+Enter")
        expect(bobs.locator("#sheet input:checked")).to_have_count(0)  # the next task, or none
        stored = Judgment.objects.filter(campaign=pilot, member=crew[0])
        assert wait_until(lambda count=count, rows=stored: rows.count() == count, seconds=10)
    expect(bobs.get_by_role("heading", name="Nothing left for you here")).to_be_visible()
    page.reload()
    told(page, "6 of 6 judgments are in.")
    told(page, "Disagreement 2")
    look(page, "lead-pilot")


def _reckons_and_opens(page: Page) -> None:
    page.get_by_role("link", name="Which answers help?").first.click()
    page.get_by_role("link", name="Price", exact=True).click()
    page.get_by_label("Difference to be seen").fill("10")
    page.get_by_role("button", name="Reckon").click()
    told(page, "10 points away from 50 %")
    page.get_by_role("button", name="Keep this forecast").click()
    told(page, "Kept by alice")
    look(page, "lead-price")
    page.get_by_role("link", name="Which answers help?").first.click()
    page.get_by_role("link", name="Alerts", exact=True).click()
    page.get_by_label("Tell us when", exact=False).fill("0.2")
    page.get_by_role("button", name="Save").click()
    told(page, "too little to say")
    look(page, "lead-alerts")
    page.get_by_role("link", name="Which answers help?").first.click()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Title").fill("Which answers help most?")
    look(page, "lead-edit")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Open for judging").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Which answers help most?")
    told(page, "open")


def _people_judge(page: Page, bobs: Page, cleos: Page, crew: list[Member]) -> None:
    campaign = Campaign.objects.get(title="Which answers help most?")
    for browser, member, count in ((cleos, crew[1], 3), (bobs, crew[0], 1)):
        browser.goto(f"/w/acme/campaigns/{campaign.uid}/judge/")
        is_ready(browser)
        stored = Judgment.objects.filter(campaign=campaign, member=member)
        for nth in range(count):
            browser.keyboard.press("1")
            browser.keyboard.press("Control+Enter")
            expect(browser.locator("#sheet input:checked")).to_have_count(0)  # the next, or none
            assert wait_until(lambda n=nth + 1, rows=stored: rows.count() == n, seconds=10)
    deliver_waiting()  # what a worker does
    assert Review.objects.filter(campaign=campaign).count() == 4  # a hundred percent
    expect(page.get_by_text("4 of 6 judgments are in.")).to_be_visible()  # by itself
    people = page.get_by_role("region", name="People", exact=True)
    expect(people).to_contain_text("cleo", timeout=15_000)  # asked for every five seconds
    look(page, "lead-live")
