"""A Round starts by itself when what the policy waits for has come, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.judgments.models import Judgment
from evalhub.loops import jobs
from evalhub.loops.figures import new_judgments, watched_campaign
from evalhub.loops.models import Loop, Round
from evalhub.loops.policy import read_policy
from evalhub.loops.services import start_round
from evalhub.loops.waiting import Readiness, readiness_of
from evalhub.notifications.models import Notification
from tests.evalhub.loops.scenes import a_loop, judged_again, judged_by_two, turned
from tests.evalhub.runs.scenes import without_torch
from tests.factories import (
    FollowUpFactory,
    HumanTrialFactory,
    JudgmentFactory,
    PreferenceFactory,
    TaskFactory,
)
from tests.races.test_claims import together

ENOUGH = {"start": {"when": "any", "judgments": 24}}


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


def ready(loop: Loop) -> Readiness:
    loop.refresh_from_db()
    return readiness_of(loop, read_policy(loop.policy))


def test_by_hand_nothing_starts_by_itself(erin: Member, tmp_path: Path) -> None:
    a_loop(erin, tmp_path)
    assert jobs.turn_all() == 0


def test_enough_new_judgments_start_a_round_and_the_next_waits_again(
    erin: Member, tmp_path: Path
) -> None:
    loop = a_loop(erin, tmp_path, **ENOUGH)
    assert [wait.sentence for wait in ready(loop).waits] == ["24 of 24 new judgments"]
    assert jobs.turn_all() == 1
    round_ = turned(loop.rounds.get())

    assert round_.state == "succeeded"
    assert (round_.because, round_.created_by) == ("24 of 24 new judgments", None)
    assert Entry.objects.get(verb="round.started").details["because"] == round_.because
    assert [wait.sentence for wait in ready(loop).waits] == ["0 of 24 new judgments"]
    assert jobs.turn_all() == 0
    judged_again(loop, 23)
    assert (jobs.turn_all(), ready(loop).waits[0].sentence) == (0, "23 of 24 new judgments")
    judged_again(loop, 1)
    assert jobs.turn_all() == 1


def test_what_can_still_be_taken_back_and_what_is_simulated_do_not_count(
    erin: Member, tmp_path: Path
) -> None:
    loop = a_loop(erin, tmp_path, **ENOUGH)
    first = Judgment.objects.order_by("pk").first()
    assert first is not None
    Judgment.objects.filter(pk=first.pk).update(source="simulated")
    assert ready(loop).waits[0].sentence == "23 of 24 new judgments"


def test_votes_of_trials_and_follow_ups_start_nothing_and_are_not_what_is_watched(
    erin: Member, tmp_path: Path
) -> None:
    loop = a_loop(erin, tmp_path, **ENOUGH)
    watched = watched_campaign(loop)
    trial = HumanTrialFactory.create(workspace=erin.workspace, collection=loop.collection)
    follow_up = FollowUpFactory.create(workspace=erin.workspace)
    asides = [trial.campaign, follow_up.ranking, trial.campaign]
    for campaign, prompt in zip(asides, loop.collection.prompts.order_by("pk"), strict=False):
        task = TaskFactory.create(campaign=campaign, prompt=prompt)
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=task))
    assert ready(loop).waits[0].sentence == "24 of 24 new judgments"
    assert new_judgments(loop, read_policy(loop.policy)).count() == 24
    assert watched_campaign(loop) == watched


def test_all_of_waits_for_the_last_any_of_for_the_first(erin: Member, tmp_path: Path) -> None:
    both = {"judgments": 24, "schedule": {"every_days": 3}}
    loop = a_loop(erin, tmp_path, start={"when": "all"} | both)
    later = datetime.now(UTC) + timedelta(days=5)

    assert [wait.is_over for wait in ready(loop).waits] == [True, False]
    assert not ready(loop).is_due
    with time_machine.travel(later, tick=False):
        assert ready(loop).is_due
    Loop.objects.update(policy=loop.policy | {"start": {"when": "any"} | both})
    assert ready(loop).is_due


def test_without_a_new_judgment_a_schedule_starts_nothing(erin: Member, tmp_path: Path) -> None:
    loop = a_loop(erin, tmp_path, start={"when": "any", "schedule": {"every_days": 1}})
    turned(start_round(loop=loop, by=erin))
    with time_machine.travel(datetime.now(UTC) + timedelta(days=9), tick=False):
        told = ready(loop)
        assert told.waits[0].is_over
        assert "nothing more to learn" in told.holds
        assert jobs.turn_all() == 0


def test_after_a_round_that_failed_a_person_goes_on(erin: Member, tmp_path: Path) -> None:
    loop = a_loop(erin, tmp_path, **ENOUGH)
    start_round(loop=loop, by=erin)
    assert ready(loop).holds == "Round 1 is running."
    Round.objects.update(state="failed")
    assert "Round 1 has failed: resume it" in ready(loop).holds
    assert jobs.turn_all() == 0


def test_agreement_too_thin_to_tell_starts_nothing(erin: Member, tmp_path: Path) -> None:
    loop = a_loop(erin, tmp_path, start={"when": "any", "agreement": 0.3})
    assert "too few tasks were judged twice" in ready(loop).waits[0].sentence
    assert jobs.turn_all() == 0


def test_agreement_over_its_bar_starts_a_round(erin: Member, tmp_path: Path) -> None:
    loop = a_loop(erin, tmp_path, start={"when": "any", "agreement": 0.9})
    judged_by_two(loop, alike=12)
    told = ready(loop).waits[0]
    assert told.sentence == "agreement over 0.90: it is 1.00"
    assert jobs.turn_all() == 1


def test_agreement_under_its_bar_starts_none(erin: Member, tmp_path: Path) -> None:
    loop = a_loop(erin, tmp_path, start={"when": "any", "agreement": 0.9})
    judged_by_two(loop, alike=8, apart=4)
    assert not ready(loop).waits[0].is_over
    assert jobs.turn_all() == 0


def test_a_policy_of_yesterday_pauses_its_loop_with_the_reason(
    erin: Member, tmp_path: Path
) -> None:
    loop = a_loop(erin, tmp_path, **ENOUGH)
    Loop.objects.update(policy=loop.policy | {"gone": 1})
    assert jobs.turn_all() == 0
    loop.refresh_from_db()
    assert "could not start by itself: The policy cannot be used" in loop.paused_why
    assert jobs.turn_all() == 0
    assert Notification.objects.filter(member=erin).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_start_one_round(erin: Member, tmp_path: Path) -> None:
    loop = a_loop(erin, tmp_path, **ENOUGH)
    begun: list[int] = []
    together([lambda: begun.append(jobs.turn_all())] * 6)
    connection.close()

    assert sorted(begun) == [0, 0, 0, 0, 0, 1]
    assert loop.rounds.count() == 1


def test_the_page_and_the_api_say_what_it_waits_for(
    erin: Member, tmp_path: Path, client: Client
) -> None:
    loop = a_loop(erin, tmp_path, start={"when": "all", "judgments": 200})
    client.force_login(erin.user)
    page = client.get(reverse("loops:detail", args=["acme", loop.uid])).content.decode()
    assert "24 of 200 new judgments" in page
    assert "once all of these have come" in page

    headers = {"authorization": f"Bearer {create_token(member=erin, name='api').text}"}
    assert client.get(f"/api/v1/loops/{loop.uid}/next", headers=headers).json() == {
        "when": "all",
        "is_due": False,
        "waits": [{"sentence": "24 of 200 new judgments", "is_over": False}],
        "held": "",
    }


def test_the_end_and_the_decision_are_told(erin: Member, alice: Member, tmp_path: Path) -> None:
    loop = a_loop(erin, tmp_path)
    round_ = turned(start_round(loop=loop, by=erin))
    for member in (erin, alice):
        told = Notification.objects.filter(member=member).order_by("pk")
        sentences = [each.sentence for each in told]
        assert len(sentences) == 2
        assert sentences[0].startswith("Main round 1: Promoted: preference accuracy is ")
        assert sentences[1] == "Main round 1 is done, and opened “Main round 1: new answers”."
        assert {each.path for each in told} == {reverse("loops:round", args=["acme", round_.uid])}
