"""The annotator's page without JavaScript, and what it must not tell."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Campaign, Draft, Task
from evalhub.campaigns.services.leases import save_draft
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Score
from tests.evalhub.judgments.conftest import body_for
from tests.factories import (
    AssignmentFactory,
    CompletionFactory,
    CriterionFactory,
    GuidelinesFactory,
    LanguageModelFactory,
    MemberFactory,
    PromptFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client, bob: Member) -> Client:
    client.force_login(bob.user)
    return client


def url_of(campaign: Campaign, rest: str = "") -> str:
    return f"/w/acme/campaigns/{campaign.uid}/judge/{rest}"


def fields_of(html: str) -> dict[str, str]:
    """The hidden fields of the form."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html)
    return dict(found)


def test_a_plain_form_post_stores_the_judgment_and_shows_the_next(
    page: Client, campaign: Campaign
) -> None:
    first, second = (TaskFactory.create(campaign=campaign, lot=lot) for lot in (1, 2))
    html = page.get(url_of(campaign)).content.decode()
    answer = page.post(url_of(campaign), fields_of(html) | {"preference": "B1", "critique": "ok"})
    assert answer.status_code == 302
    judgment = Judgment.objects.get()
    assert (judgment.task, judgment.critique) == (first, "ok")
    assert abs(judgment.preferences.get().margin) == 1
    html = page.get(url_of(campaign)).content.decode()
    assert second.prompt.last_turn in html


@pytest.mark.parametrize(
    ("type_", "more", "count"),
    [
        ("rating", {"rating.A.factuality": "4", "rating.A.safety": "none"}, 2),
        ("ranking", {"rank.A": "2", "rank.B": "1", "rank.C": "2"}, 0),
    ],
)
def test_every_type_of_task_can_be_judged(
    page: Client, campaign: Campaign, type_: str, more: dict[str, str], count: int
) -> None:
    Campaign.objects.update(type=type_)
    campaign.refresh_from_db()
    TaskFactory.create(campaign=campaign)
    html = page.get(url_of(campaign)).content.decode()
    assert page.post(url_of(campaign), fields_of(html) | more).status_code == 302
    judgment = Judgment.objects.get()
    assert judgment.ratings.count() == count
    if type_ == "ranking":
        assert sorted(judgment.ranking.values_list("tier", flat=True)) == [0, 1, 1]
    else:
        assert set(judgment.ratings.values_list("value", "reason")) == {
            (4, ""),
            (None, "cannot_tell"),
        }


def test_what_is_missing_is_said_and_what_was_typed_stays(page: Client, campaign: Campaign) -> None:
    TaskFactory.create(campaign=campaign)
    html = page.get(url_of(campaign)).content.decode()
    answer = page.post(url_of(campaign), fields_of(html) | {"critique": "long thoughts"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "which response is better" in html
    assert "long thoughts" in html
    assert not Judgment.objects.exists()


def test_a_kept_draft_is_in_the_form(page: Client, campaign: Campaign) -> None:
    TaskFactory.create(campaign=campaign)
    page.get(url_of(campaign))
    draft = {"preferences": [{"choice": "B", "strength": 2}], "critique": "half a th"}
    save_draft(assignment=Assignment.objects.get(), body=draft)
    html = page.get(url_of(campaign)).content.decode()
    assert re.search(r'value="B2"[^>]* checked', html)
    assert "half a th" in html


def test_a_draft_named_in_the_address_comes_before_what_was_held_longer(
    page: Client, campaign: Campaign
) -> None:
    TaskFactory.create_batch(2, campaign=campaign)
    first = fields_of(page.get(url_of(campaign)).content.decode())["assignment"]
    url = url_of(campaign, f"next/?holding={first}")
    second = fields_of(page.get(url).content.decode())["assignment"]
    for wanted in (second, first):
        html = page.get(url_of(campaign, f"?assignment={wanted}")).content.decode()
        assert fields_of(html)["assignment"] == wanted


def test_a_lost_lease_is_a_message_and_the_work_is_kept(page: Client, campaign: Campaign) -> None:
    TaskFactory.create(campaign=campaign)
    fields = fields_of(page.get(url_of(campaign)).content.decode())
    Assignment.objects.update(state="expired")
    Task.objects.update(open_places=1)
    page.post(url_of(campaign), fields | {"preference": "A2"})
    assert Draft.objects.get().late
    answer = page.get(url_of(campaign))
    assert "kept as a draft" in answer.content.decode()
    assert not Draft.objects.get().late  # in the hand again, and in the form
    assert re.search(r'value="A2"[^>]* checked', answer.content.decode())


def test_skipping_hands_the_task_back(page: Client, campaign: Campaign) -> None:
    task = TaskFactory.create(campaign=campaign)
    fields = fields_of(page.get(url_of(campaign)).content.decode())
    answer = page.post(url_of(campaign, "skip/"), fields, follow=True)
    assert "Nothing left for you here" in answer.content.decode()
    task.refresh_from_db()
    assert task.open_places == 1


def test_a_campaign_that_is_not_open_says_so(page: Client, campaign: Campaign) -> None:
    TaskFactory.create(campaign=campaign)
    Campaign.objects.update(state="paused")
    assert "is paused" in page.get(url_of(campaign)).content.decode()


def test_only_annotators_of_the_workspace_judge(
    client: Client, campaign: Campaign, charlie: Member, alice: Member
) -> None:
    for member, status in ((charlie, 404), (alice, 403)):
        client.force_login(member.user)
        assert client.get(url_of(campaign)).status_code == status
        assert client.get(url_of(campaign, "next/")).status_code == status


def test_what_models_wrote_cannot_run(page: Client, campaign: Campaign) -> None:
    task = TaskFactory.create(campaign=campaign, completions=[])
    for place, text in enumerate(
        (
            "<script>alert(1)</script><img src=x onerror=alert(1)>",
            '[x](javascript:alert(1)) <b onclick="x()">',
        )
    ):
        completion = CompletionFactory.create(prompt=task.prompt, content=text)
        task.placed.create(completion=completion, place=place)
    html = page.get(url_of(campaign)).content.decode()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert 'href="javascript:' not in html
    assert "<b onclick" not in html


def test_nothing_gives_a_model_or_a_completion_away_before_submit(
    page: Client, api: APIClient, campaign: Campaign
) -> None:
    """Bodies and DOM are scanned for every name and key that would tell which model wrote what."""
    tasks = TaskFactory.create_batch(2, campaign=campaign)
    secrets: set[str] = set()
    for task in tasks:
        for completion in task.completions.select_related("generation__model"):
            generation = completion.generation
            secrets |= {str(completion.uid), str(generation.uid), str(generation.model.uid)}
            secrets |= {generation.model.name}
    claimed = api.post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, format="json")
    body = body_for(claimed.json()["token"], claim_next=True)
    submitted = api.post(
        f"/api/v1/assignments/{claimed.json()['assignment']}/submit", body, format="json"
    )
    answers: list[Any] = [claimed, submitted]
    answers += [page.get(url_of(campaign)), page.get(url_of(campaign, "next/"))]
    answers += [api.get("/api/v1/campaigns"), api.get(f"/api/v1/campaigns/{campaign.uid}")]
    answers += [
        page.get("/w/acme/my-work/"),
        page.get(f"/w/acme/campaigns/{campaign.uid}/guidelines/"),
    ]
    for answer in answers:
        assert answer.status_code in (200, 201)
        text = answer.content.decode()
        assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("type_", ["rating", "comparison", "ranking", "label", "demonstration"])
def test_the_task_that_answers_a_submit_is_the_one_that_the_templates_make(
    page: Client, campaign: Campaign, type_: str
) -> None:
    """A new task comes from memory with gaps filled in; it must not differ but in what is random."""
    asks = ["spans", "critique"] if type_ != "demonstration" else ["critique"]
    Campaign.objects.update(type=type_, asks=asks, content_warning="Rude <words>.")
    campaign.refresh_from_db()
    CriterionFactory.create(version=campaign.rubric_version, slug="tone", required=False)
    for lot in (1, 2):
        TaskFactory.create(campaign=campaign, lot=lot)
    answers = {
        "rating": {"rating.A.factuality": "4", "rating.A.safety": "4"},
        "comparison": {"preference": "A2"},
        "ranking": {"rank.A": "1", "rank.B": "1", "rank.C": "1"},
        "label": {"rating.prompt.factuality": "4", "rating.prompt.safety": "4"},
        "demonstration": {"demonstration": "Mine."},
    }[type_]
    fields = fields_of(page.get(url_of(campaign, "next/")).content.decode())
    told = fields | answers | {"claim_next": "true", "holding": ""}
    quick = page.post(url_of(campaign, "submit/"), told).content.decode()
    plain = page.get(url_of(campaign, "next/")).content.decode()
    assert "Rude &lt;words&gt;." in quick
    assert without_chance(quick) == without_chance(plain)


def test_new_guidelines_are_read_before_the_next_task(page: Client, campaign: Campaign) -> None:
    """The task in hand may be finished; what comes with it is the way to read them, and no task."""
    for lot in (1, 2):
        TaskFactory.create(campaign=campaign, lot=lot)
    fields = fields_of(page.get(url_of(campaign, "next/")).content.decode())
    GuidelinesFactory.create(campaign=campaign)
    told = fields | {"preference": "A2", "claim_next": "true", "holding": ""}
    html = page.post(url_of(campaign, "submit/"), told).content.decode()
    assert "The guidelines have changed" in html
    assert Judgment.objects.count() == 1
    assert not Assignment.objects.held().exists()


def without_chance(html: str) -> list[str]:
    html = re.sub(r'name="(csrfmiddlewaretoken|submission_id)" value="[^"]*"', "", html)
    return [line.strip() for line in html.splitlines() if line.strip()]


def scored(task: Task, *values: float) -> None:
    judge = LanguageModelFactory.create(workspace=task.campaign.workspace, name="judge-7")
    for completion, value in zip(task.completions.order_by("placed__place"), values, strict=True):
        Score.objects.create(completion=completion, model=judge, value=value, run_uid=uuid4())


def test_a_proposal_is_shown_where_the_campaign_asks_for_it_by_the_shown_order(
    page: Client, campaign: Campaign
) -> None:
    """A gap of ln 3 = 1.0986: three times in four."""
    Campaign.objects.filter(pk=campaign.pk).update(asks=["critique", "proposal"])
    task = TaskFactory.create(campaign=campaign)
    scored(task, 2.0986, 1.0)
    html = page.get(url_of(campaign)).content.decode()

    place = Assignment.objects.get().permutation.index(0)
    assert f"proposes response {'AB'[place]}: it expects people to prefer it 75 times" in html
    assert "judge-7" not in html


@pytest.mark.parametrize(("asks", "values"), [(["critique"], (2.0, 1.0)), (["proposal"], (1.0, 1.0)), (["proposal"], ())])  # fmt: skip
def test_without_being_asked_or_known_nothing_is_proposed(
    page: Client, campaign: Campaign, asks: list[str], values: tuple[float, ...]
) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(asks=asks)
    task = TaskFactory.create(campaign=campaign)
    if values:
        scored(task, *values)

    assert "proposes response" not in page.get(url_of(campaign)).content.decode()


@pytest.mark.parametrize("asked", [True, False])
def test_sources_stand_beside_the_responses_and_the_reference_where_the_campaign_shows_it(
    page: Client, campaign: Campaign, *, asked: bool
) -> None:
    """On the page, in the claim of the API, and in the look back after the submit."""
    campaign.asks = [*campaign.asks, "reference"] if asked else campaign.asks
    campaign.save()
    prompt = PromptFactory.create(
        workspace=campaign.workspace,
        reference="Because of *Rayleigh*.",
        documents=["Air scatters.", {"title": "Optics", "text": "Blue."}],
    )
    TaskFactory.create(campaign=campaign, prompt=prompt)
    html = page.get(url_of(campaign)).content.decode()
    assert ("Because of <em>Rayleigh</em>." in html) is asked
    assert "Air scatters." in html
    held = Assignment.objects.get()
    claim = page.post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, "application/json").json()
    assert claim["assignment"] == str(held.uid)
    assert claim["task"]["documents"] == [
        {"title": "Source 1", "content": "Air scatters."},
        {"title": "Optics", "content": "Blue."},
    ]
    assert claim["task"]["reference"] == ("Because of *Rayleigh*." if asked else "")
    page.post(url_of(campaign), fields_of(html) | {"preference": "B1"})
    look = page.get(f"/w/acme/judgments/{Judgment.objects.get().uid}/").content.decode()
    assert ("Because of <em>Rayleigh</em>." in look) is asked


def test_a_page_fetches_no_more_ahead_than_its_part_of_what_is_left(
    page: Client, campaign: Campaign, bob: Member
) -> None:
    Campaign.objects.update(hand_size=20)
    TaskFactory.create_batch(21, campaign=campaign)
    assert 'data-hand="20"' in page.get(url_of(campaign)).content.decode(), "bob is alone"
    people = MemberFactory.create_batch(3, workspace=bob.workspace, roles=["annotator"])
    assert 'data-hand="11"' in page.get(url_of(campaign)).content.decode(), "one may come"
    for person in people:
        done = TaskFactory.create(campaign=campaign, open_places=0)
        AssignmentFactory.create(task=done, member=person, state="submitted")
    assert 'data-hand="6"' in page.get(url_of(campaign)).content.decode(), "21 for four"
    Task.objects.filter(assignments=None).update(open_places=0)
    html = page.get(url_of(campaign)).content.decode()
    assert 'data-hand="2"' in html, "what bob holds, and one to go on with"
    Assignment.objects.filter(state="held").update(member=people[0])
    assert "1 task is in their hands" in page.get(url_of(campaign)).content.decode()
