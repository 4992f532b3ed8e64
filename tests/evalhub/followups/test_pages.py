"""The pages, the feed, the API and the command of follow-ups."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.followups.models import FollowUp
from tests.evalhub.followups.scenes import (
    NEW,
    adapter,
    begun,
    complaint_of,
    judge,
    opened,
    rated_campaign,
    said,
    worked_off,
)
from tests.evalhub.judgments.conftest import client_of
from tests.evalhub.runs.scenes import without_torch
from tests.factories import MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_erin_starts_one_and_reads_what_was_found(
    client: Client, alice: Member, erin: Member, bob: Member, tmp_path: Path
) -> None:
    campaign, model = rated_campaign(alice), adapter(alice, tmp_path)
    judgment = said(campaign, bob, tone=1, critique="Rude indeed.")
    client.force_login(erin.user)
    form = {"model": model.uid, "votes": 1, "most_prompts": 50, "max_new_tokens": 64}
    neither = client.post("/w/acme/follow-ups/new/", form)
    assert neither.status_code == 422
    assert "Choose a campaign, or a collection." in neither.content.decode()
    made = client.post("/w/acme/follow-ups/new/", form | {"campaign": campaign.uid})
    follow_up = FollowUp.objects.get()
    page = f"/w/acme/follow-ups/{follow_up.uid}/"
    assert made.headers["Location"] == page
    assert "warmer answers 1 prompt; then people are asked." in text_of(client, page)

    opened(follow_up)
    before = text_of(client, page)
    assert "Open: 0 of 1 judgments are in." in before
    assert "Rude indeed." not in before  # whoever reads it might be asked about it
    task = complaint_of(judgment).task
    assert task is not None
    judge(follow_up, task, tones=(1, 4))
    worked_off(follow_up)
    told = text_of(client, page)
    assert "2 of 2 complaints by 1 person are resolved" in told
    assert "Rude indeed." in told
    assert "1 other: before 1, now 4" in told
    assert "Rude indeed." not in text_of(client, f"{page}?finding=worse")
    assert str(follow_up.uid) in text_of(client, f"/w/acme/follow-ups/?model={model.uid}")
    assert str(follow_up.uid) not in text_of(client, "/w/acme/follow-ups/?campaign=none")


def test_a_lead_reads_and_does_not_start(
    client: Client, alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    said(campaign, bob, tone=1)
    follow_up = opened(begun(campaign, adapter(alice, tmp_path)))
    client.force_login(alice.user)
    assert "End it" not in text_of(client, f"/w/acme/follow-ups/{follow_up.uid}/")
    assert client.post(f"/w/acme/follow-ups/{follow_up.uid}/end/").status_code == 403
    assert client.get("/w/acme/follow-ups/new/").status_code == 403


def test_the_feed_shows_ones_own_once_it_is_done(
    client: Client, alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    dan = MemberFactory.create(workspace=alice.workspace, roles=["annotator"], pseudonym="dan-7")
    mine = said(campaign, bob, tone=1, edit="Please come in.")
    said(campaign, dan, tone=1, edit="What dan wrote.", critique="Dan's words.", task=mine.task)
    follow_up = opened(begun(campaign, adapter(alice, tmp_path)))
    client.force_login(bob.user)
    path = "/w/acme/my-work/followed-up/"
    assert NEW not in text_of(client, path)
    task = complaint_of(mine).task
    assert task is not None
    judge(follow_up, task, tones=(1, 4), critique="What a rater said.")
    worked_off(follow_up)
    told = text_of(client, path)
    assert "2 of 2 things" in told
    for shown in ("Go away.", "Please come in.", NEW, "resolved", "warmer"):
        assert shown in told
    for hidden in ("What dan wrote.", "Dan&#x27;s words.", "dan-7", "What a rater said."):
        assert hidden not in told


def test_an_answer_that_one_may_still_be_asked_about_is_not_in_the_feed(
    client: Client, alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    mine = said(campaign, bob, edit=NEW)
    worked_off(begun(campaign, adapter(alice, tmp_path)))
    answer = complaint_of(mine).answer
    client.force_login(bob.user)
    path = "/w/acme/my-work/followed-up/"
    assert "You may still be asked about this answer" not in text_of(client, path)
    TaskFactory.create(campaign=campaign, prompt=mine.task.prompt, completions=[answer])
    assert "You may still be asked about this answer" in text_of(client, path)


def test_the_api_starts_reads_and_ends_one(alice: Member, erin: Member, bob: Member, tmp_path: Path) -> None:  # fmt: skip
    campaign = rated_campaign(alice)
    adapter(alice, tmp_path)
    api = client_of(erin)
    body = {"model": "warmer", "campaign": str(campaign.uid), "votes": 1}
    refused = api.post("/api/v1/follow-ups", body, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_follow")
    said(campaign, bob, tone=1)
    made = api.post("/api/v1/follow-ups", body, format="json")
    assert (made.status_code, made.json()["state"], made.json()["figures"]) == (202, "answering", {})  # fmt: skip
    path = f"/api/v1/follow-ups/{made.json()['uid']}"
    opened(FollowUp.objects.get())
    assert len(api.get(path).json()["campaigns"]) == 1
    assert api.post(f"{path}/end").status_code == 202
    worked_off(FollowUp.objects.get())
    again = api.post(f"{path}/end")
    assert (again.status_code, again.json()["code"]) == (409, "follow_up_ended")
    read = api.get(path).json()
    assert (read["state"], read["figures"]["all"]["unjudged"]) == ("done", 1)
    assert len(api.get("/api/v1/follow-ups").json()["results"]) == 1


def test_the_command_ends_when_people_are_asked(alice: Member, bob: Member, tmp_path: Path) -> None:
    campaign = rated_campaign(alice)
    adapter(alice, tmp_path)
    said(campaign, bob, tone=1)
    with pytest.raises(CommandError, match="--campaign or --collection"):
        call_command("follow_up", workspace="acme", model="warmer")
    out = StringIO()
    call_command(
        "follow_up", workspace="acme", model="warmer", campaign=campaign.uid, votes=1, json=True, stdout=out
    )  # fmt: skip
    told = json.loads(out.getvalue())
    assert (told["state"], len(told["campaigns"])) == ("open", 1)
    out = StringIO()
    call_command("follow_up", workspace="acme", read=told["uid"], stdout=out)
    assert "Open: 0 of 1 judgments are in." in out.getvalue()


def test_the_page_says_where_nobody_is_left_to_ask(
    client: Client, alice: Member, erin: Member, bob: Member, tmp_path: Path
) -> None:
    campaign, model = rated_campaign(alice), adapter(alice, tmp_path)
    said(campaign, bob, tone=1)
    follow_up = opened(begun(campaign, model, by=erin, votes=2))
    page = f"/w/acme/follow-ups/{follow_up.uid}/"
    client.force_login(erin.user)
    warning = "1 task cannot get its 2 judgments"

    MemberFactory.create(workspace=alice.workspace, roles=["annotator"])
    assert warning in text_of(client, page)  # one who may, and bob may not

    MemberFactory.create(workspace=alice.workspace, roles=["annotator"])
    assert warning not in text_of(client, page)
