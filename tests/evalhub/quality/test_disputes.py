"""The queue of disagreements, the page of a task, and verdicts."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign, Task
from evalhub.jobs.jobs import deliver_waiting
from evalhub.judgments.models import ExpertAnswer, Judgment
from evalhub.quality.disputes import most_at_stake
from evalhub.quality.models import Adjudication, Dispute
from evalhub.quality.settling import settle
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.quality.crowd import vote
from tests.evalhub.reports.test_pages_api_and_command import api_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(campaign: Campaign, people: list[Member]) -> Task:
    """Two against one."""
    task = make.TaskFactory.create(campaign=campaign)
    for person, margin in zip(people, (1, 1, -1), strict=True):
        vote(task, person, margin)
    settle(campaign)
    return task


@pytest.fixture
def lead(acme: Workspace) -> Member:
    return cast_member("lead", acme, "lead")


@pytest.fixture
def web(client: Client, lead: Member) -> Client:
    assert lead.user is not None
    client.force_login(lead.user)
    return client


def at(campaign: Campaign, rest: str) -> str:
    return f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/{rest}"


def of(task: Task, rest: str = "") -> str:
    return f"/w/{task.campaign.workspace.slug}/tasks/{task.uid}/{rest}"


def decide(web: Client, task: Task, **more: str) -> object:
    sent = {"preference": "B2", "verdict_cause": "slip", "verdict_note": "B has the date.", **more}
    return web.post(of(task, "verdict/"), sent)


def test_the_queue_begins_with_what_matters_most(
    web: Client, campaign: Campaign, task: Task, people: list[Member]
) -> None:
    even = make.TaskFactory.create(campaign=campaign)
    for person, margin in zip(people, (1, 0, -1), strict=True):
        vote(even, person, margin)
    settle(campaign)
    assert [row.task for row in most_at_stake(campaign)] == [even, task]
    assert [row.task for row in most_at_stake(campaign, after=str(even.uid))] == [task]
    assert [row.task for row in most_at_stake(campaign, after="nonsense")] == [even, task]
    text = web.get(at(campaign, "disputes/")).content.decode()
    assert text.index(str(even.uid)) < text.index(str(task.uid))
    assert "auk" not in text


def test_names_are_hidden_unless_asked_for(web: Client, campaign: Campaign, task: Task) -> None:
    text = web.get(of(task)).content.decode()
    assert "Person 3" in text
    assert "auk" not in text
    text = web.get(of(task, "?names=1")).content.decode()
    assert {"auk", "bee", "cod"} == {name for name in ("auk", "bee", "cod") if name in text}


def test_a_task_that_nobody_judged_says_so(web: Client, campaign: Campaign) -> None:
    task = make.TaskFactory.create(campaign=campaign)
    assert "Nobody has judged" in web.get(of(task)).content.decode()


def test_a_verdict_is_a_judgment_of_its_own_and_what_people_said_stays(
    web: Client, campaign: Campaign, task: Task, lead: Member
) -> None:
    answer = decide(web, task)
    assert answer.status_code == 302
    assert answer["Location"] == at(campaign, "disputes/")  # there is no other
    verdict = Judgment.objects.verdicts().get(task=task)
    assert (verdict.member, verdict.assignment, verdict.supersedes) == (lead, None, None)
    assert verdict.preferences.get().margin == -2
    assert Judgment.objects.counted().filter(task=task).count() == 4
    assert Judgment.objects.own_words().filter(task=task).count() == 3
    told = Adjudication.objects.get(task=task)
    assert (told.judgment, told.cause, told.note) == (verdict, "slip", "B has the date.")
    task.refresh_from_db()
    assert (task.judged, task.overlap) == (0, 3)  # the factory counts none; a verdict adds none
    assert Entry.objects.filter(verb="task.adjudicated").count() == 1
    deliver_waiting()


def test_a_verdict_becomes_gold_with_one_click(
    web: Client, campaign: Campaign, task: Task, lead: Member
) -> None:
    decide(web, task)
    assert "Make gold of it" in web.get(of(task)).content.decode()
    verdict = Judgment.objects.verdicts().get(task=task)
    assert web.post(f"/w/acme/judgments/{verdict.uid}/gold/").status_code == 302
    gold = ExpertAnswer.objects.get()
    assert (gold.task, gold.task.kind, gold.written_by) == (task, "gold", lead)
    assert gold.answers["preferences"] == [
        {"criterion": None, "choice": "B", "strength": 2, "comment": ""}
    ]
    assert "Make gold of it" not in web.get(of(task)).content.decode()


def test_a_decided_task_leaves_the_queue_for_good(
    web: Client, campaign: Campaign, task: Task
) -> None:
    decide(web, task)
    assert not Dispute.objects.exists()
    settle(campaign)
    assert not Dispute.objects.exists()


def test_after_a_verdict_comes_the_next_task(
    web: Client, campaign: Campaign, task: Task, people: list[Member]
) -> None:
    other = make.TaskFactory.create(campaign=campaign)
    for person, margin in zip(people, (1, 0, -1), strict=True):
        vote(other, person, margin)
    settle(campaign)
    assert decide(web, task)["Location"] == of(other, "verdict/")


def test_a_second_verdict_takes_the_place_of_the_first(
    web: Client, campaign: Campaign, task: Task
) -> None:
    decide(web, task)
    text = web.get(of(task, "verdict/")).content.decode()
    assert "B has the date." in text
    decide(web, task, preference="tie", verdict_cause="taste")
    verdict = Judgment.objects.verdicts().get(task=task)
    assert verdict.supersedes is not None
    assert verdict.preferences.get().margin == 0
    assert Adjudication.objects.get().cause == "taste"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"preference": ""}, "preference"),
        ({"verdict_cause": ""}, "required"),
        ({"verdict_cause": "aliens"}, "Select a valid choice"),
    ],
)
def test_a_verdict_that_lacks_something_is_told_so_and_kept(
    web: Client, task: Task, more: dict[str, str], told: str
) -> None:
    answer = decide(web, task, **more)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert told in text
    assert "B has the date." in text
    assert not Judgment.objects.verdicts().exists()


def test_the_api_lists_and_decides(acme: Workspace, task: Task, lead: Member) -> None:
    api, engineer = api_of(lead), api_of(cast_member("engineer", acme, "engineer"))
    listed = f"/api/v1/campaigns/{task.campaign.uid}/disputes"
    told = engineer.get(listed).json()
    assert [each["task"] for each in told["results"]] == [str(task.uid)]
    assert (told["after"], told["results"][0]["criterion"]) == (None, None)
    path = f"/api/v1/tasks/{task.uid}/verdict"
    body = {"preferences": [{"choice": "B"}], "cause": "close", "note": "By a hair."}
    assert engineer.post(path, body, format="json").status_code == 403
    answer = api.post(path, body, format="json")
    assert answer.status_code == 201
    verdict = Judgment.objects.verdicts().get(task=task)
    assert answer.json() == {"judgment": str(verdict.uid), "cause": "close", "note": "By a hair."}
    assert engineer.get(listed).json()["results"] == []
    wrong = api.post(path, body | {"cause": "aliens"}, format="json")
    assert (wrong.status_code, wrong.json()["field"]) == (400, "cause")


def test_engineers_look_and_leads_decide(client: Client, acme: Workspace, task: Task) -> None:
    engineer = cast_member("engineer", acme, "engineer")
    assert engineer.user is not None
    client.force_login(engineer.user)
    text = client.get(at(task.campaign, "disputes/")).content.decode()
    assert "Decide" not in text
    assert client.get(of(task)).status_code == 200
    assert decide(client, task).status_code == 403
