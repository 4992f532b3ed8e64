"""The judge's pages, API and command: the same acts by three doors."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.judges.models import Judge, Judging
from tests import factories as make
from tests.evalhub.judges.scenes import (
    a_campaign,
    a_judge,
    judged,
    preferred,
    prefers_good,
    replying,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    return a_campaign(alice, tasks=2)


@pytest.fixture
def alices(client: Client, alice: Member) -> Client:
    assert alice.user is not None
    client.force_login(alice.user)
    return client


def test_alice_makes_a_judge_tells_it_otherwise_and_lets_it_judge(
    alices: Client, campaign: Campaign
) -> None:
    model = make.EndpointFactory.create(model__workspace=campaign.workspace).model
    version = campaign.rubric_version
    form = {"name": "The judge", "model": model.uid, "version": version.uid}
    made = alices.post("/w/acme/judges/new/", form)
    judge = Judge.objects.get()
    assert made.headers["Location"] == f"/w/acme/judges/{judge.uid}/"
    again = alices.post("/w/acme/judges/new/", form)
    assert (again.status_code, b"has a member" in again.content) == (422, True)
    alices.post(f"{made.headers['Location']}prompt/", {"version": version.uid, "instructions": "Be <b>strict</b>."})  # fmt: skip
    asked = {"campaign": campaign.uid, "on_conflict": "tie", "most_tasks": 5, "most_requests": 9, "max_new_tokens": 64}  # fmt: skip
    bad = alices.post(f"{made.headers['Location']}judgings/", asked | {"most_cost": "2"})
    assert (bad.status_code, b"has no prices" in bad.content) == (422, True)
    alices.post(f"{made.headers['Location']}judgings/", asked)
    assert Judging.objects.get().prompt.number == 2
    page = alices.get(made.headers["Location"]).content.decode()
    assert "Be &lt;b&gt;strict&lt;/b&gt;." in page
    assert "You judge answers" in page, "what it was told before can be read on"
    assert "queued" in page
    refused = alices.post(f"{made.headers['Location']}accept/", {"least": "0.7", "fewest": "50"})
    assert (refused.status_code, b"let it judge first" in refused.content) == (422, True)


def test_the_page_shows_agreement_beside_people_s(
    alices: Client, campaign: Campaign, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    for task in campaign.tasks.all():
        preferred(task, make.MemberFactory.create(workspace=alice.workspace), 1)
    judge = a_judge(campaign, alice)
    replying(monkeypatch, lambda task: "?" if "good 0" in task else prefers_good(task))
    judged(judge, campaign)
    page = alices.get(f"/w/acme/judges/{judge.uid}/").content.decode()
    assert "was no JSON object" in page
    assert "100 %" in page


def test_the_api_does_the_same_and_asks_who_acts_first(
    client: Client, erin: Member, campaign: Campaign
) -> None:
    assert erin.user is not None
    client.force_login(erin.user)
    made = client.post("/api/v1/judges?workspace=acme", {}, "application/json")
    assert (made.status_code, made.json()["code"]) == (403, "forbidden"), "an engineer makes none"
    judge = a_judge(campaign, erin)
    started = client.post(f"/api/v1/judges/{judge.uid}/judgings", {"campaign": str(campaign.uid)}, "application/json")  # fmt: skip
    assert started.status_code == 202, started.content
    assert (started.json()["state"], started.json()["tasks"]) == ("queued", 2)
    told = client.get(f"/api/v1/judges/{judge.uid}").json()
    assert (told["agreement"], told["accepted"], told["prompt"]["number"]) == (None, False, 1)


def test_the_command_makes_a_judge_and_waits_for_it(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replying(monkeypatch, prefers_good)
    model = make.EndpointFactory.create(model__workspace=campaign.workspace).model
    given = ["--workspace", "acme", "--judge", "The judge", "--campaign", str(campaign.uid)]
    with pytest.raises(CommandError, match="name the --model"):
        call_command("judge", *given)
    call_command("judge", *given, "--model", model.name, "--json")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["judgings"][0]["counts"]["judged"] == 2
