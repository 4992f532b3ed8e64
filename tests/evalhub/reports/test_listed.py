"""Disagreements, gold and what leaving somebody out would change, by command."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.quality.exclusions import without
from evalhub.quality.settling import settle
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.quality.crowd import vote
from tests.evalhub.reports.test_pages_api_and_command import api_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(acme: Workspace) -> Campaign:
    return make.CampaignFactory.create(workspace=acme, type="comparison", overlap=3)


@pytest.fixture
def people(acme: Workspace) -> list[Member]:
    return [make.MemberFactory.create(workspace=acme) for _ in range(3)]


@pytest.fixture
def task(campaign: Campaign, people: list[Member]) -> Task:
    """Two against one."""
    task = make.TaskFactory.create(campaign=campaign)
    for person, margin in zip(people, (1, 1, -1), strict=True):
        vote(task, person, margin)
    settle(campaign)
    return task


def asked(campaign: Campaign, what: str, *more: str) -> str:
    out = io.StringIO()
    call_command("report", what, "--campaign", str(campaign.uid), *more, stdout=out)
    return out.getvalue()


def rows_of(campaign: Campaign, what: str, *more: str) -> list[dict[str, Any]]:
    told = json.loads(asked(campaign, what, *more, "--json"))
    assert told["campaign"] == str(campaign.uid)
    lines = csv.DictReader(io.StringIO(asked(campaign, what, *more, "--csv").lstrip("\ufeff")))
    assert len(list(lines)) == len(told["results"])
    rows: list[dict[str, Any]] = told["results"]
    return rows


def test_disagreements_are_those_of_the_api(acme: Workspace, task: Task) -> None:
    path = f"/api/v1/campaigns/{task.campaign.uid}/disputes"
    told = api_of(cast_member("engineer", acme, "engineer")).get(path).json()
    assert rows_of(task.campaign, "disputes") == told["results"]
    assert "settled_at" in asked(task.campaign, "disputes")


def test_a_gold_says_how_many_passed_it(campaign: Campaign, task: Task, acme: Workspace) -> None:
    make.ExpertAnswerFactory.create(task=task)
    task.kind = "gold"
    task.save()
    for nth, judgment in enumerate(task.judgments.order_by("pk")):
        make.GoldVerdictFactory.create(judgment=judgment, passed=nth > 0)
    [row] = rows_of(campaign, "gold")
    assert (row["task"], row["passed"], row["n"], row["state"]) == (str(task.uid), 2, 3, "stands")
    assert row["value"] == pytest.approx(2 / 3)
    assert row["low"] < 2 / 3 < row["high"]
    assert "0.667" in asked(campaign, "gold")


def test_what_leaving_somebody_out_would_change(
    campaign: Campaign, task: Task, people: list[Member], alice: Member
) -> None:
    who = ("--member", str(people[0].uid))
    [row] = rows_of(campaign, "exclusion", *who)
    [same] = without(campaign, people[0]).questions
    assert (row["answers"], row["alone"], row["other"]) == (same.answers, same.alone, same.other)
    assert "judgments: 1" in asked(campaign, "exclusion", *who)
    with pytest.raises(CommandError, match="who judged here"):
        asked(campaign, "exclusion", "--member", str(alice.uid))


def test_a_filter_that_makes_no_sense_is_told_so(campaign: Campaign, task: Task) -> None:
    with pytest.raises(CommandError, match="0 to 1"):
        asked(campaign, "consensus", "--below", "7")
    with pytest.raises(CommandError, match="there are: overall"):
        asked(campaign, "consensus", "--question", "taste")
