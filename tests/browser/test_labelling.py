"""A lead writes a rule, sees at once what it votes on, and confirms what the rules propose."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.labelling.models import LabellingFunction
from evalhub.rubrics.models import Criterion
from tests import factories as make
from tests.browser.desk import look, start_session
from tests.evalhub.labelling.conftest import OTHER, REFUND, TEXTS, added, labelled, said
from tests.evalhub.labelling.test_collections import ran

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]


@pytest.fixture
def criterion(alice: Member, bob: Member) -> Criterion:
    campaign = make.CampaignFactory.create(
        workspace=alice.workspace, title="What is it about?", type="label", asks=[], overlap=2
    )
    criterion = make.CriterionFactory.create(
        version=campaign.rubric_version, slug="topic", name="Topic", kind="choice", low=1, high=2,
        anchors={"1": "refund", "2": "other"},
    )  # fmt: skip
    for nth, text in enumerate(TEXTS):
        turns = [{"role": "user", "content": text}]
        task = make.TaskFactory.create(campaign=campaign, prompt__messages=turns)
        if nth in (0, 4):
            said(task, criterion, bob, REFUND)
    added(criterion, alice, "money back", REFUND, "keywords", words=["money back"])
    added(criterion, alice, "a question", OTHER, pattern=r"\?$")
    return criterion


@pytest.mark.usefixtures("quiet")
def test_write_a_rule_and_confirm_what_the_rules_propose(
    page: Page, alice: Member, base_url: str, criterion: Criterion
) -> None:
    campaign = Campaign.objects.get()
    start_session(page, alice, base_url)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/")
    page.get_by_role("link", name="Labelling functions").click()
    look(page, "labelling-not-run")
    page.get_by_role("link", name="a pattern").click()
    page.get_by_label("Name").fill("asks for a refund")
    page.get_by_label("Pattern").fill("(refund")
    expect(page.locator("#trial")).to_contain_text("This is no pattern")
    page.get_by_label("Pattern").fill("refund")
    expect(page.locator("#trial")).to_contain_text("3 of 6 prompts")
    look(page, "labelling-function")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Added.")).to_be_visible()
    assert LabellingFunction.objects.count() == 3

    labelled(campaign, criterion, alice)
    page.reload()
    expect(page.get_by_role("row", name="asks for a refund")).to_contain_text("50 %")
    look(page, "labelling")
    page.get_by_role("link", name="Look at the proposals").click()
    look(page, "labelling-proposals")
    page.get_by_label("Tick: Refund me, I want my money back").check()
    page.get_by_role("button", name="Confirm what is ticked").click()
    expect(page.get_by_text("1 confirmed.", exact=True)).to_be_visible()
    assert Judgment.objects.get(member=alice).saw_proposal


@pytest.mark.usefixtures("quiet")
def test_rules_vote_on_a_collection_and_are_carried_to_the_next_version(
    page: Page, alice: Member, base_url: str, criterion: Criterion
) -> None:
    collection = make.CollectionFactory.create(workspace=alice.workspace, slug="mail", name="Mail")
    for text in TEXTS:
        turns = [{"role": "user", "content": text}]
        make.PromptFactory.create(collection=collection, messages=turns)
    start_session(page, alice, base_url)
    page.goto("/w/acme/collections/mail/")
    page.get_by_role("link", name="Labelling functions").click()
    expect(page.get_by_label("Question")).to_contain_text("Topic")
    page.get_by_role("link", name="a pattern").click()
    page.get_by_label("Name").fill("asks for a refund")
    page.get_by_label("Pattern").fill("refund")
    expect(page.locator("#trial")).to_contain_text("3 of 6 prompts")
    page.get_by_role("button", name="Add").click()

    ran(collection, criterion, alice)
    page.reload()
    look(page, "labelling-collection")
    page.get_by_role("link", name="Look at the proposals").click()
    expect(page.get_by_role("row", name="Refund me, I want my money back")).to_contain_text(
        "refund"
    )
    expect(page.get_by_role("button", name="Confirm what is ticked")).to_have_count(0)
    look(page, "labelling-collection-proposals")

    version = make.RubricVersionFactory.create(rubric=criterion.version.rubric, number=2)
    make.CriterionFactory.create(
        version=version, slug="topic", name="Topic", question=criterion.question, kind="choice",
        low=1, high=2, anchors=criterion.anchors,
    )  # fmt: skip
    page.goto("/w/acme/collections/mail/labelling/")
    page.get_by_label("Question").select_option(label=f"{version}: Topic")
    page.get_by_role("button", name="Show").click()
    look(page, "labelling-carry")
    page.get_by_role("button", name="Carry them over").click()
    expect(page.get_by_text("3 carried over.", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Carry them over")).to_have_count(0)
