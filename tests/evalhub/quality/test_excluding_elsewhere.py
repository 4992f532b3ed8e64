"""Leaving somebody out by the API and by the command: the rules of the page."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.jobs.jobs import execute
from evalhub.quality.models import Exclusion, ExclusionPreview
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.quality.crowd import vote
from tests.evalhub.reports.test_pages_api_and_command import api_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(campaign: Campaign, people: list[Member]) -> Campaign:
    for margins in ((1, 1, -1), (1, -1, -1)):
        task = make.TaskFactory.create(campaign=campaign)
        for person, margin in zip(people, margins, strict=True):
            vote(task, person, margin)
    return campaign


@pytest.fixture
def lead(campaign: Campaign) -> Member:
    return cast_member("lead", campaign.workspace, "lead")


def test_by_the_api_one_looks_decides_and_takes_it_back(
    campaign: Campaign, people: list[Member], lead: Member
) -> None:
    api, path = api_of(lead), f"/api/v1/campaigns/{campaign.uid}/exclusions"
    who = {"member": str(people[0].uid)}
    assert api.get(f"{path}/preview", who).json()["code"] == "not_found"
    started = api.post(f"{path}/preview", who, format="json")
    assert (started.status_code, started.json()["digest"]) == (202, None)
    told = who | {"reason": "Answers by lot.", "preview": "0" * 64}
    assert api.post(path, told, format="json").json()["code"] == "not_previewed"
    execute(ExclusionPreview.objects.get().job.uid)
    shown = api.get(f"{path}/preview", who).json()
    assert shown["state"] == "succeeded"
    assert (shown["body"]["judgments"], shown["body"]["questions"][0]["other"]) == (2, 1)
    stale = api.post(path, told, format="json")
    assert (stale.status_code, stale.json()["field"]) == (409, "preview")
    assert not Exclusion.objects.exists()
    made = api.post(path, told | {"preview": shown["digest"]}, format="json")
    assert made.status_code == 201
    assert (made.json()["pseudonym"], made.json()["excluded_by"]) == ("auk", "lead")
    assert [each["uid"] for each in api.get(path).json()] == [made.json()["uid"]]
    lift = f"/api/v1/exclusions/{made.json()['uid']}/lift"
    assert api.post(lift).json()["lifted_by"] == "lead"
    assert api.post(lift).status_code == 409
    assert Exclusion.objects.get().lifted_at is not None


def test_who_judged_nothing_here_or_gives_no_reason_is_named(
    campaign: Campaign, people: list[Member], lead: Member, bob: Member
) -> None:
    api, path = api_of(lead), f"/api/v1/campaigns/{campaign.uid}/exclusions"
    nobody = api.post(f"{path}/preview", {"member": str(bob.uid)}, format="json")
    assert (nobody.status_code, "judged in this campaign" in nobody.json()["detail"]) == (404, True)
    bare = api.post(path, {"member": str(people[0].uid), "preview": "0" * 64}, format="json")
    assert bare.status_code == 400
    assert "reason" in bare.text


@pytest.mark.parametrize("role", ["annotator", "engineer"])
def test_only_a_lead_decides(campaign: Campaign, people: list[Member], role: str) -> None:
    other = cast_member("other", campaign.workspace, role)
    api, path = api_of(other), f"/api/v1/campaigns/{campaign.uid}/exclusions"
    who = {"member": str(people[0].uid)}
    assert api.get(path).status_code in (403, 404)
    assert api.post(f"{path}/preview", who, format="json").status_code in (403, 404)
    with pytest.raises(CommandError, match="needs the role lead"):
        command(campaign, people[0], other)
    assert not ExclusionPreview.objects.exists()


def command(campaign: Campaign, member: Member, by: Member, *more: str) -> dict[str, Any]:
    out = StringIO()
    call_command(
        "exclude_member", "--campaign", str(campaign.uid), "--member", str(member.uid),
        "--by", str(by.uid), "--json", *more, stdout=out,
    )  # fmt: skip
    made: dict[str, Any] = json.loads(out.getvalue())
    return made


def test_the_command_shows_first_and_then_does_what_was_shown(
    campaign: Campaign, people: list[Member], lead: Member
) -> None:
    shown = command(campaign, people[0], lead)
    assert (shown["judgments"], shown["tasks"]) == (2, 2)
    again = command(campaign, people[0], lead)
    assert again["digest"] != shown["digest"]
    with pytest.raises(CommandError, match="worked out once more since"):
        command(campaign, people[0], lead, "--preview", shown["digest"], "--reason", "By lot.")
    with pytest.raises(CommandError, match="Say why"):
        command(campaign, people[0], lead, "--preview", again["digest"])
    assert not Exclusion.objects.exists()
    command(
        campaign, people[0], lead, "--preview", again["digest"], "--reason", "By lot.",
        "--asks-others",
    )  # fmt: skip
    made = Exclusion.objects.get()
    assert (made.member, made.excluded_by, made.reason) == (people[0], lead, "By lot.")
    assert {task.overlap for task in campaign.tasks.all()} == {4}
    assert command(campaign, people[0], lead, "--lift")["exclusion"] == str(made.uid)
    with pytest.raises(CommandError, match="not left out"):
        command(campaign, people[0], lead, "--lift")


def test_names_that_nobody_has_are_answered_with_those_there_are(
    campaign: Campaign, people: list[Member], lead: Member, charlie: Member
) -> None:
    with pytest.raises(CommandError, match=f"{people[1].uid} \\(bee\\)"):
        command(campaign, lead, lead)
    with pytest.raises(CommandError, match="not a member"):
        command(campaign, people[0], charlie)
    with pytest.raises(CommandError, match="There is no campaign"):
        call_command("exclude_member", "--campaign", str(uuid4()), "--member",
                     str(people[0].uid), "--by", str(lead.uid))  # fmt: skip
