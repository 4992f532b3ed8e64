"""Erin says in the form what only JSON could say: campaigns, wordings, weights, a mixture."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.datasets.models import Dataset
from evalhub.labelling.models import LabellingFunction
from evalhub.prompts.models import Score
from tests import factories as make
from tests.browser.desk import campaign_of, look, start_session

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_erin_defines_a_mixture_of_weighed_criteria(
    page: Page, base_url: str, erin: Member, bob: Member
) -> None:
    campaign = campaign_of(bob, "rating", 3)
    collection = campaign.tasks.all()[0].prompt.collection
    slug = campaign.rubric_version.criteria.all()[0].slug
    bob.groups = ["night"]
    bob.save()
    start_session(page, erin, base_url)
    page.goto("/w/acme/datasets/new/")
    page.get_by_label("Name", exact=True).fill("Mixed")
    for section in ("Which judgments", "How rows are decided", "Mixture of the training rows",
                    "Form, length and licence"):  # fmt: skip
        page.get_by_text(section, exact=True).first.click()
    page.get_by_label("Campaigns").select_option(label=campaign.title)
    page.get_by_label("night").check()
    page.get_by_label("Criteria and what they count").fill(f"{slug} = 2\noverall = 1")
    page.get_by_label("Parts").fill(f"own: in {collection.slug}; share 0.51; cap 100\nrest")
    look(page, "definition-form")
    page.get_by_role("button", name="Keep the definition").click()
    expect(page.get_by_text("“rest” begins with no name and a colon")).to_be_visible()
    page.get_by_label("Parts").fill(f"own: in {collection.slug}; share 0.51; cap 100\nrest:")
    page.get_by_role("button", name="Keep the definition").click()
    expect(page.get_by_role("heading", name="Mixed")).to_be_visible()
    definition = Dataset.objects.get().definition
    assert definition["weights"] == {slug: 2, "overall": 1}
    assert [each["name"] for each in definition["parts"]] == ["own", "rest"]
    assert definition["campaigns"] == [str(campaign.uid)]
    assert definition["groups"] == ["night"]


@pytest.mark.usefixtures("quiet")
def test_a_lead_lets_a_reward_models_scores_vote(page: Page, base_url: str, alice: Member) -> None:
    campaign = make.CampaignFactory.create(
        workspace=alice.workspace, title="Good?", type="label", asks=[]
    )
    make.CriterionFactory.create(
        version=campaign.rubric_version, slug="topic", name="Topic", kind="choice", low=1, high=2,
        anchors={"1": "easy", "2": "hard"},
    )  # fmt: skip
    base = make.LanguageModelFactory.create(workspace=alice.workspace)
    reward = make.LanguageModelFactory.create(
        workspace=alice.workspace, kind="reward", name="likes it", parent=base
    )
    for value in (0.5, 2.5):
        task = make.TaskFactory.create(campaign=campaign)
        answer = make.CompletionFactory.create(prompt=task.prompt)
        Score.objects.create(completion=answer, model=reward, value=value, run_uid=uuid4())
    start_session(page, alice, base_url)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/labelling/")
    page.get_by_role("link", name="a model’s score").click()
    page.get_by_label("Name").fill("liked")
    page.get_by_label("Reward model").select_option(label="likes it")
    page.get_by_label("At least").fill("2")
    expect(page.locator("#trial")).to_contain_text("2 of them have a score of this model")
    expect(page.locator("#trial")).to_contain_text("1 of 2 prompts")
    look(page, "labelling-model-score")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("link", name="liked")).to_be_visible()
    assert LabellingFunction.objects.get().parameters["at_least"] == 2
