from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign
from tests.factories import (
    CampaignFactory,
    CollectionFactory,
    CompletionFactory,
    CriterionFactory,
    GenerationFactory,
    GuidelinesFactory,
    MemberFactory,
    PromptFactory,
    RubricVersionFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


def form_of(member: Member) -> dict[str, Any]:
    """A valid form: two models answered three prompts."""
    workspace = member.workspace
    collection = CollectionFactory.create(workspace=workspace)
    generations = [GenerationFactory.create(workspace=workspace) for _ in range(2)]
    for _ in range(3):
        prompt = PromptFactory.create(collection=collection)
        for generation in generations:
            CompletionFactory.create(prompt=prompt, generation=generation)
    version = RubricVersionFactory.create(rubric__workspace=workspace)
    return {
        "title": "Round 2",
        "type": "comparison",
        "rubric_version": version.uid,
        "collection": collection.uid,
        "models": [generation.model.uid for generation in generations],
        "design": "first_two",
        "overlap": 2,
        "asks": ["critique"],
        "preference_steps": 5,
        "task_order": "spread",
        "requeue": "back",
        "hand_size": 3,
        "languages": "pt-BR,  de,de",
        "max_share": 40,
        "review_share": 15,
        "most_overlap": 5,
    }


def test_a_lead_makes_opens_pauses_resumes_and_closes_a_campaign(
    client: Client, alice: Member
) -> None:
    client.force_login(alice.user)
    answer = client.post("/w/acme/campaigns/new/", form_of(alice))
    campaign = Campaign.objects.get()
    assert answer["location"] == f"/w/acme/campaigns/{campaign.uid}/"
    assert [(task.overlap, task.shift) for task in campaign.tasks.all()] == [(2, 1)] * 3
    assert (campaign.languages, campaign.groups) == (["de", "pt-br"], [])
    page = client.get(answer["location"]).content.decode()
    for told in (
        "speaks one of de, pt-br",
        "40 %",
        "15 % of each",
        "spread first",
        "up to 5 judgments",
    ):
        assert told in page
    assert f"/w/acme/campaigns/{campaign.uid}/reviews/" in page
    for act, state in (
        ("open", "open"),
        ("pause", "paused"),
        ("resume", "open"),
        ("close", "closed"),
    ):
        client.post(f"/w/acme/campaigns/{campaign.uid}/{act}/")
        campaign.refresh_from_db()
        assert campaign.state == state
    assert client.post(f"/w/acme/campaigns/{campaign.uid}/open/").status_code == 409
    verbs = set(Entry.objects.values_list("verb", flat=True))
    assert {"campaign.created", "campaign.opened", "campaign.closed"} <= verbs


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("most_overlap", 1, "greater than or equal to 2"),
        ("max_share", 101, "less than or equal to 100"),
        ("review_share", 101, "less than or equal to 100"),
        ("languages", "x" * 51, "At most 50 words of 50 letters"),
        ("overlap", 9, "the most must not be below that"),
    ],
)
def test_a_setting_that_does_not_fit_is_said_at_its_field(
    client: Client, alice: Member, field: str, value: object, told: str
) -> None:
    client.force_login(alice.user)
    answer = client.post("/w/acme/campaigns/new/", form_of(alice) | {field: value})
    assert answer.status_code == 422
    assert told in answer.content.decode()
    errors = answer.context["form"].errors
    assert list(errors) == ["most_overlap" if told.startswith("the most") else field]
    assert not Campaign.objects.exists()


def test_a_review_that_nobody_asks_for_is_none(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    client.post("/w/acme/campaigns/new/", form_of(alice) | {"review_share": ""})
    assert Campaign.objects.get().review_share == 0


def test_a_type_that_no_prompt_fits_is_said_in_the_form(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    answer = client.post("/w/acme/campaigns/new/", form_of(alice) | {"type": "ranking"})
    assert answer.status_code == 422
    assert "No prompt of" in answer.content.decode()
    assert not Campaign.objects.exists()


def test_another_workspaces_rows_are_no_choice(
    client: Client, alice: Member, charlie: Member
) -> None:
    client.force_login(alice.user)
    theirs = form_of(charlie)
    for name in ("rubric_version", "collection", "models"):
        answer = client.post("/w/acme/campaigns/new/", form_of(alice) | {name: theirs[name]})
        assert answer.status_code == 422


def test_the_page_keeps_its_figures_fresh_while_the_campaign_is_open(
    client: Client, alice: Member
) -> None:
    campaign = CampaignFactory.create(workspace=alice.workspace)
    TaskFactory.create_batch(2, campaign=campaign)
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/"
    assert 'hx-trigger="every 3s"' in client.get(url).content.decode()
    live = client.get(url, headers={"hx-request": "true"}).content.decode()
    assert live.lstrip().startswith("<section")
    campaign.tasks.update(judged=1, open_places=0)
    assert "Every task has its judgments" in client.get(url).content.decode()


def test_annotators_find_what_there_is_to_judge(client: Client, bob: Member) -> None:
    for title, tasks in (("Full of work", 1), ("All done", 0)):
        campaign = CampaignFactory.create(workspace=bob.workspace, title=title)
        TaskFactory.create_batch(tasks, campaign=campaign)
    client.force_login(bob.user)
    html = client.get("/w/acme/my-work/").content.decode()
    assert html.index("Full of work") < html.index("All done")
    assert html.count("nothing left for you") == 1


def test_guidelines_show_every_point_in_words(client: Client, bob: Member) -> None:
    campaign = GuidelinesFactory.create(campaign__workspace=bob.workspace).campaign
    CriterionFactory.create(version=campaign.rubric_version, anchors={"1": "Made up"})
    client.force_login(bob.user)
    html = client.get(f"/w/acme/campaigns/{campaign.uid}/guidelines/").content.decode()
    assert "<strong>kind</strong>" in html
    assert "Made up" in html


@pytest.mark.parametrize("page", ["", "new/"])
def test_annotators_neither_watch_nor_make_campaigns(
    client: Client, bob: Member, charlie: Member, page: str
) -> None:
    for member, status in ((bob, 403), (charlie, 404)):
        client.force_login(member.user)
        assert client.get(f"/w/acme/campaigns/{page}").status_code == status


def test_drafts_and_other_workspaces_campaigns_are_absent(
    client: Client, bob: Member, charlie: Member
) -> None:
    draft = CampaignFactory.create(workspace=bob.workspace, state="draft")
    theirs = CampaignFactory.create(workspace=charlie.workspace)
    client.force_login(bob.user)
    for campaign in (draft, theirs):
        for rest in ("guidelines/", "judge/"):
            url = f"/w/acme/campaigns/{campaign.uid}/{rest}"
            assert client.get(url).status_code == 404
        client.get(f"/api/v1/campaigns/{campaign.uid}")
        assert client.get(f"/api/v1/campaigns/{campaign.uid}").status_code == 404


def test_only_a_lead_is_offered_a_new_campaign(client: Client, alice: Member, erin: Member) -> None:
    offered = {}
    for member in (alice, erin):
        client.force_login(member.user)
        offered[member.pseudonym] = b"New campaign" in client.get("/w/acme/campaigns/").content
    assert offered == {"alice": True, "erin": False}


def test_a_lead_reads_that_too_few_people_may_judge(
    client: Client, alice: Member, bob: Member
) -> None:
    campaign = CampaignFactory.create(workspace=alice.workspace, overlap=2)
    TaskFactory.create(campaign=campaign, overlap=2)
    client.force_login(alice.user)
    path = f"/w/acme/campaigns/{campaign.uid}/"
    warning = b"Each task asks for 2 people, and 1 may judge here"

    assert warning in client.get(path).content

    MemberFactory.create(workspace=alice.workspace, roles=["annotator"])
    assert warning not in client.get(path).content
