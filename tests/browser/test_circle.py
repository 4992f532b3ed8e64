"""The whole circle in Chromium: people judge, a model is trained on it, its new answers come back.

With SCREENSHOTS=<folder> each page is kept as a picture, at desk and on a phone.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.campaigns.models import Campaign
from evalhub.demo.services import Seeded
from evalhub.jobs import jobs
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.loops.models import Loop, Round
from evalhub.loops.turn import Turn
from evalhub.prompts.models import Completion
from tests.browser.conftest import DESKTOP, PHONE, axe_findings, scrolls_sideways
from tests.browser.desk import is_ready
from tests.evalhub.demo.scenes import seeded

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]

SECONDS = 1000.0
A_ROUND = 300 * SECONDS  # at most, on a busy machine
SHORT = {"max_steps": 12, "evaluate_every": 6}  # enough for a curve


@dataclass
class Person:
    """Somebody at a browser of their own."""

    name: str
    page: Page
    said: list[str] = field(default_factory=list)  # by the console

    def signs_in(self, password: str) -> None:
        self.page.goto("/sign-in/")
        self.page.get_by_label("User name").fill(self.name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/w/demo/")

    def goes_to(self, *labels: str) -> None:
        """Through the menu, then by links on the page."""
        for label in labels:
            self.page.get_by_role("link", name=label, exact=True).first.click()

    def looks(self, at: str) -> None:
        """The page holds for everybody: axe finds nothing, and a phone need not scroll sideways."""
        assert axe_findings(self.page) == [], at
        self._keep(f"{at}-desktop")
        self.page.set_viewport_size(PHONE)
        assert not scrolls_sideways(self.page), at
        assert axe_findings(self.page, colours=False) == [], f"{at} on a phone"
        self._keep(f"{at}-phone")
        self.page.set_viewport_size(DESKTOP)

    def _keep(self, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{self.name}-{name}.png", full_page=True)


Arrives = Callable[[str], Person]


@pytest.fixture
def arrives(browser: Browser, live_server: LiveServer) -> Iterator[Arrives]:
    """A person with a browser of their own; at the end no console may have complained."""
    people: list[Person] = []

    def person(name: str) -> Person:
        context = browser.new_context(
            base_url=live_server.url, bypass_csp=True, viewport=DESKTOP, reduced_motion="reduce"
        )
        page = context.new_page()
        one = Person(name, page)

        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                one.said.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: one.said.append(str(error)))
        people.append(one)
        return one

    yield person
    for one in people:
        one.page.context.close()
    assert {one.name: one.said for one in people if one.said} == {}


@pytest.fixture
def demo() -> Seeded:
    """The demo as `make demo` has it, with a training short enough for a test."""
    found = seeded()
    policy = found.loop.policy
    policy["dpo"] |= SHORT
    policy["generate"] |= {"prompts": 20, "max_new_tokens": 64}
    Loop.objects.filter(pk=found.loop.pk).update(policy=policy)
    return found


@pytest.fixture
def worker(demo: Seeded, live_server: LiveServer) -> Iterator[None]:
    """A thread that does what a worker does: takes queued jobs, delivers news.

    Started after the seeding, which does its one job itself.
    """
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.2):
            jobs.deliver_waiting()
            for uid in Job.objects.waiting().order_by("pk").values_list("uid", flat=True):
                jobs.execute(uid)
        connection.close()

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("worker")
def test_judgments_become_a_model_whose_answers_come_back(demo: Seeded, arrives: Arrives) -> None:
    password = {person.name: person.password or "" for person in demo.people}
    bob, alice, erin = arrives("bob"), arrives("alice"), arrives("erin")

    bob.signs_in(password["bob"])
    bob.looks("home")
    campaign = Campaign.objects.get(title="Which answer is better?")
    alice.signs_in(password["alice"])
    alice.looks("home")
    alice.goes_to("Campaigns", campaign.title)
    expect(alice.page.get_by_text("No judgments yet.")).to_be_visible()

    judge_ten_by_keyboard(bob, campaign)
    expect(alice.page.get_by_text("10 of 53 judgments are in.")).to_be_visible()  # by itself
    expect(alice.page.get_by_role("row", name=re.compile("bob"))).to_contain_text("10")
    # The page is ahead of the server: only now, when alice sees them, are all ten stored.
    sources = Judgment.objects.filter(campaign=campaign).values_list("source", flat=True)
    assert list(sources) == ["human"] * 10
    alice.looks("campaign")

    erin.signs_in(password["erin"])
    erin.looks("home")
    turn = turn_the_loop(erin, number=1)
    look_at_the_comparison(erin, turn)
    opened = open_the_new_campaign(erin, turn)

    bob.page.goto("/w/demo/my-work/")
    bob.looks("my-work")
    bob.page.get_by_role("link", name=f"Judge {opened.title}").click()
    response = bob.page.locator(".response .rendered").first.inner_text()
    generated = Completion.objects.filter(generation__run_uid__isnull=False)
    texts = [" ".join(text.split()) for text in generated.values_list("content", flat=True)]
    assert " ".join(response.split()) in texts
    assert "demo-model" not in bob.page.content()  # nobody learns who wrote it


def judge_ten_by_keyboard(bob: Person, campaign: Campaign) -> None:
    page = bob.page
    bob.goes_to("My work")
    page.get_by_role("link", name=f"Judge {campaign.title}").click()
    is_ready(page)
    for nth in range(10):
        expect(page.get_by_text(f"{nth} judged by you in this campaign")).to_be_visible()
        if nth == 0:
            bob.looks("judge")
        page.keyboard.press("5" if nth % 2 else "1")
        expect(page.locator("#missing")).to_have_text("Ready to submit.")
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("10 judged by you in this campaign")).to_be_visible()


@pytest.mark.long  # the test above goes round once
@pytest.mark.usefixtures("worker")
def test_two_rounds_one_promoted_and_one_refused(demo: Seeded, arrives: Arrives) -> None:
    password = {person.name: person.password or "" for person in demo.people}
    bob, alice, erin = arrives("bob"), arrives("alice"), arrives("erin")
    for person in (bob, alice, erin):
        person.signs_in(password[person.name])
    judge_ten_by_keyboard(bob, Campaign.objects.get(title="Which answer is better?"))

    write_the_gate(erin, BOLD)
    first = turn_the_loop(erin, number=1)
    expect(erin.page.get_by_text("Promoted:").first).to_be_visible()
    erin.looks("promoted")
    opened = open_the_new_campaign(erin, first)

    judge_ten_by_keyboard(bob, opened)
    alice.goes_to("Campaigns", opened.title)
    expect(alice.page.get_by_text(re.compile("^10 of "))).to_be_visible()
    alice.looks("campaign-of-a-round")

    write_the_gate(erin, OUT_OF_REACH)
    second = turn_the_loop(erin, number=2)
    refusal = erin.page.get_by_text(
        re.compile("Refused: .*preference accuracy", re.IGNORECASE)
    ).first
    expect(refusal).to_be_visible()
    expect(refusal).to_contain_text("points")  # with the figure that fell short
    erin.looks("refused")
    look_at_the_comparison(erin, second)

    in_service = Loop.objects.get(pk=demo.loop.pk).incumbent
    decisions = [Turn(each).promotion for each in (first, second)]
    assert [each.decision for each in decisions] == ["promote", "refuse"]
    assert in_service == decisions[0].model


# A bold gate for a dozen steps, and one that no adapter passes
BOLD = {
    "must_beat": [{"metric": "preference_accuracy", "confidence": 0.8}],
    "not_worse": [
        {"metric": "perplexity", "margin": 0.5, "relative": True, "shown_by": "estimate"}
    ],
}
OUT_OF_REACH = {
    "must_beat": [{"metric": "preference_accuracy", "than": "incumbent", "margin": 0.9}],
    "not_worse": [],
}


def write_the_gate(erin: Person, gate: dict[str, object]) -> None:
    """On the page that has every field of the Loop's policy."""
    erin.goes_to("Loops", "Demo loop", "Edit", "Every field, as JSON")
    box = erin.page.get_by_label("Policy")
    box.fill(json.dumps(json.loads(box.input_value()) | {"gate": gate}))
    erin.looks("policy")
    erin.page.get_by_role("button", name="Save").click()
    expect(erin.page.get_by_role("heading", name="Gate")).to_be_visible()


def turn_the_loop(erin: Person, *, number: int) -> Round:
    """Start a Round, watch it and its curves until it has ended."""
    page = erin.page
    erin.goes_to("Loops", "Demo loop")
    erin.looks("loop")
    page.get_by_role("button", name="Start a Round").click()
    expect(page.get_by_role("heading", name=f"Round {number}")).to_be_visible()
    page.get_by_role("link", name="the dpo run").first.wait_for(timeout=A_ROUND)
    erin.looks("round-running")
    page.get_by_role("link", name="the dpo run").first.click()
    expect(page.get_by_role("img", name=re.compile("loss"))).not_to_have_count(0, timeout=A_ROUND)
    expect(page.get_by_text("It made")).to_be_visible(timeout=A_ROUND)
    erin.looks("run")
    turn = Round.objects.get(number=number)
    page.goto(f"/w/demo/rounds/{turn.uid}/")
    expect(page.locator(".page-head .badge")).to_have_text("succeeded", timeout=A_ROUND)
    erin.looks("round-done")
    return turn


def look_at_the_comparison(erin: Person, turn: Round) -> None:
    page = erin.page
    page.get_by_role("link", name="beside demo-model").first.click()
    expect(page.get_by_role("heading", name="Differences")).to_be_visible()
    row = page.get_by_role("row", name=re.compile("preference accuracy", re.IGNORECASE)).first
    expect(row).to_be_visible()
    erin.looks("comparison")
    page.goto(f"/w/demo/rounds/{turn.uid}/")


def open_the_new_campaign(erin: Person, turn: Round) -> Campaign:
    turn.refresh_from_db()
    opened = turn.campaign
    assert opened is not None
    erin.page.get_by_role("link", name=opened.title).click()
    expect(erin.page.get_by_role("heading", name=opened.title)).to_be_visible()
    expect(erin.page.get_by_text("No judgments yet.")).to_be_visible()
    erin.looks("new-campaign")
    assert turn.steps.get(kind="campaign").result["tasks"] == opened.tasks.count() > 5
    return opened
