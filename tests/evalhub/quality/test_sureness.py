"""The consensus on each thing that was judged: page, CSV and API say the same."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.quality.models import UnitConsensus
from evalhub.quality.settling import settle
from evalhub.quality.sureness import least_sure
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.quality.crowd import vote
from tests.evalhub.reports.test_pages_api_and_command import api_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def tasks(campaign: Campaign, people: list[Member]) -> list[Task]:
    """One on which all prefer the first, one on which two of three prefer the second."""
    clear, split = (make.TaskFactory.create(campaign=campaign) for _ in range(2))
    for task, margins in ((clear, (1, 1, 1)), (split, (-1, -1, 1))):
        for person, margin in zip(people, margins, strict=True):
            vote(task, person, margin)
    topic = make.CriterionFactory.create(
        version=campaign.rubric_version, slug="topic", name="Topic", kind="choice", low=1, high=2,
        anchors={"1": "Weather", "2": "Sport"},
    )  # fmt: skip
    for value in (1, 1, None):
        make.RatingFactory.create(
            judgment=make.JudgmentFactory.create(task=clear),
            completion=clear.placed.get(place=1).completion,
            criterion=topic,
            value=value,
            reason="" if value else "unclear",
        )
    settle(campaign)
    return [clear, split]


@pytest.fixture
def web(client: Client, acme: Workspace) -> Client:
    lead = cast_member("lead", acme, "lead")
    assert lead.user is not None
    client.force_login(lead.user)
    return client


def test_the_least_sure_comes_first_and_can_be_narrowed(
    campaign: Campaign, tasks: list[Task]
) -> None:
    clear, split = tasks
    rows = list(least_sure(campaign))
    assert rows[0].task == split
    assert [row.doubt for row in rows] == sorted((row.doubt for row in rows), reverse=True)
    assert [row.task for row in least_sure(campaign, question="topic")] == [clear]
    assert [row.task for row in least_sure(campaign, question="overall")] == [split, clear]
    between = rows[0].probability + 1e-4
    assert [row.task for row in least_sure(campaign, below=between)] == [split]
    assert list(least_sure(campaign, below=rows[0].probability)) == []


def test_pages_follow_each_other_without_gap_or_overlap(
    campaign: Campaign, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    UnitConsensus.objects.update(doubt=0.25)  # so that the key decides
    monkeypatch.setattr("evalhub.quality.sureness.PAGE", 1)
    seen, after = [], ""
    for _ in range(3):
        page = least_sure(campaign, after=after)
        seen += [row.pk for row in page]
        after = page.following
    assert after == ""
    assert seen == sorted(UnitConsensus.objects.values_list("pk", flat=True))
    assert [row.pk for row in least_sure(campaign, after="nonsense")] == seen[:1]


def test_the_page_says_in_words_what_people_say_together(
    web: Client, campaign: Campaign, tasks: list[Task]
) -> None:
    clear, split = tasks
    own = f"/w/acme/campaigns/{campaign.uid}/"
    assert f"{own}consensus/" in web.get(own).text
    text = web.get(f"{own}consensus/").text
    assert text.index(str(split.uid)) < text.index(str(clear.uid))
    for words in ("B is better", "A is better", "Weather", "Response B", "As of"):
        assert words in text
    asked = f"/w/acme/browse/judgments/?campaign={campaign.uid}&counts=said&task={split.uid}"
    assert asked.replace("&", "&amp;") in text
    assert "3 rows" in web.get(asked).text
    narrowed = web.get(f"{own}consensus/?question=topic").text
    assert "Weather" in narrowed
    assert "is better" not in narrowed
    assert web.get(f"{own}consensus/?below=7").status_code == 422
    assert web.get(f"{own}consensus/csv/?below=7").status_code == 422
    assert "No row meets" in web.get(f"{own}consensus/?question=topic&below=0").text
    told = web.get(f"/w/acme/tasks/{clear.uid}/").text
    assert "What they say together" in told
    assert "A is better" in told


def test_tasks_in_browse_lead_there_judged_or_not(
    web: Client, campaign: Campaign, tasks: list[Task]
) -> None:
    judged, waiting = tasks
    Task.objects.filter(pk=judged.pk).update(judged=3, open_places=0)
    text = web.get(f"/w/acme/browse/tasks/?campaign={campaign.uid}").text
    for task in (judged, waiting):
        assert f'href="/w/acme/tasks/{task.uid}/"' in text


def test_before_anything_is_settled_the_page_says_so(web: Client, campaign: Campaign) -> None:
    assert "Not looked at yet" in web.get(f"/w/acme/campaigns/{campaign.uid}/consensus/").text


def test_the_api_and_the_csv_say_the_same(
    web: Client, acme: Workspace, campaign: Campaign, tasks: list[Task]
) -> None:
    api = api_of(cast_member("engineer", acme, "engineer"))
    strange = api.get(f"/api/v1/campaigns/{campaign.uid}/consensus?question=tonne")
    assert (strange.status_code, "No such question; there are overall" in strange.text) == (
        400,
        True,
    )
    path = f"/api/v1/campaigns/{campaign.uid}/consensus"
    told = api.get(path).json()
    first = told["results"][0]
    assert (first["task"], first["said"], first["answer"]) == (str(tasks[1].uid), "B", -1)
    assert (first["answers"], first["missing"], first["is_decided"]) == (3, 0, False)
    assert told["after"] is None
    assert told["settled_at"]
    assert [each["said"] for each in api.get(path + "?question=topic").json()["results"]] == [
        "Weather"
    ]
    wrong = api.get(path + "?below=7")
    assert wrong.status_code == 400
    assert "below" in wrong.text
    page = web.get(f"/w/acme/campaigns/{campaign.uid}/consensus/csv/")
    for answer in (page, api.get(path + "?format=csv")):
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["said"] for row in rows] == [each["said"] for each in told["results"]]
        assert [float(row["probability"]) for row in rows] == [
            each["probability"] for each in told["results"]
        ]


def test_the_command_says_the_same(acme: Workspace, campaign: Campaign, tasks: list[Task]) -> None:
    path = f"/api/v1/campaigns/{campaign.uid}/consensus"
    told = api_of(cast_member("engineer", acme, "engineer")).get(path).json()

    def asked(*more: str) -> str:
        out = io.StringIO()
        call_command("report", "consensus", "--campaign", str(campaign.uid), *more, stdout=out)
        return out.getvalue()

    assert json.loads(asked("--json"))["results"] == told["results"]
    assert [
        row["said"] for row in csv.DictReader(io.StringIO(asked("--csv").lstrip("\ufeff")))
    ] == [
        "B",
        *(each["said"] for each in told["results"][1:]),
    ]
    assert "Weather" in asked()
    with pytest.raises(CommandError, match="not split"):
        asked("--by", "slice")


def test_whoever_only_judges_sees_nothing_of_it(
    client: Client, acme: Workspace, campaign: Campaign, tasks: list[Task]
) -> None:
    bob = cast_member("bob", acme, "annotator")
    assert bob.user is not None
    client.force_login(bob.user)
    assert client.get(f"/w/acme/campaigns/{campaign.uid}/consensus/").status_code == 403
    assert client.get(f"/w/acme/campaigns/{campaign.uid}/consensus/csv/").status_code == 403
    assert api_of(bob).get(f"/api/v1/campaigns/{campaign.uid}/consensus").status_code == 403
