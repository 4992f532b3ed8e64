"""A dry run says what a Round would do and cost, and changes nothing; a Round tells what it did cost."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.judgments.models import Judgment
from evalhub.loops.forecast import forecast_of
from evalhub.loops.models import Loop, Round
from evalhub.loops.services import start_round
from evalhub.loops.spending import overhead_of, spent_on
from evalhub.runs.models import Run
from evalhub.runs.prices import set_device_price
from tests.evalhub.loops.scenes import a_loop, judged_again, turned
from tests.evalhub.runs.scenes import built, without_torch

PAY = {"amount": "0.25", "currency": "EUR", "budget": "5"}


@pytest.fixture
def loop(olga: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loop:
    without_torch(monkeypatch)
    return a_loop(olga, tmp_path, campaign={"overlap": 2, "pay": PAY})


def test_before_the_first_round_it_says_what_it_does_not_know(loop: Loop) -> None:
    told = forecast_of(loop)
    assert [(rows.kind, rows.judgments, rows.new, rows.about) for rows in told.rows] == [
        ("sft", 24, 24, None),
        ("preference", 24, 24, None),
    ]
    assert [(run.what, run.count, run.seconds) for run in told.runs] == [
        ("measure the base, if the test rows are new", 1, None),
        ("train with dpo", 1, None),
        ("measure the candidate", 1, None),
        ("write new answers", 1, None),
    ]
    assert told.seconds is None
    assert (told.people.prompts, told.people.judgments, told.people.pay) == (10, 20, "5")
    assert told.people.by == "guess"
    assert (told.people.of, told.people.chosen) == (24, "lot")
    assert told.trial is None


def test_after_one_it_goes_by_what_that_took(loop: Loop, erin: Member) -> None:
    """Runs took 0.1 s each; of 24 judgments there were 24 pairs, so of 30 there will be 30."""
    turned(start_round(loop=loop, by=erin))
    judged_again(loop, 6)
    Run.objects.filter(recipe="dpo").update(seconds=3600.0)
    set_device_price(amount=Decimal("2.50"), currency="EUR", by=erin)
    loop.refresh_from_db()
    told = forecast_of(loop)

    pairs = told.rows[1]
    assert (pairs.judgments, pairs.new, pairs.about) == (30, 6, 30)
    train = next(run for run in told.runs if run.recipe == "dpo")
    assert (train.seconds, train.past) == (3600.0, 1)
    assert [run.count for run in told.runs if run.recipe == "evaluate"] == [1, 2]
    assert told.seconds == pytest.approx(3600.4)
    assert told.device_cost == "2.5003"


@pytest.mark.parametrize(
    ("campaign", "n", "tasks", "chosen"),
    [
        ({}, 2, 24, "all"),
        ({}, 4, 24, "all"),  # the first two of four
        ({"decision_value": True}, 2, 24, "all"),
        ({"decision_value": True}, 4, 24, "value"),  # the pair of six that tells most
        ({"type": "rating", "pay": PAY}, 3, 18, "lot"),  # whole prompts: six
        ({"type": "rating", "pay": PAY, "decision_value": True}, 3, 20, "value"),
        ({"type": "rating", "pay": PAY | {"budget": "50"}, "decision_value": True}, 3, 72, "all"),
        ({"pay": PAY, "decision_value": True}, 2, 20, "value"),
    ],
)
def test_it_says_how_what_is_asked_will_be_chosen(
    loop: Loop, campaign: dict[str, object], n: int, tasks: int, chosen: str
) -> None:
    loop.policy |= {"campaign": campaign, "generate": {"n": n}}
    told = forecast_of(loop).people
    assert (told.tasks, told.judgments, told.chosen) == (tasks, tasks, chosen)
    assert bool(told.how_chosen) == (chosen != "all")


def test_a_search_counts_each_of_its_tries(loop: Loop) -> None:
    search = {"recipe": "dpo", "space": {"epochs": {"choices": [1, 2]}}, "tries": 7}
    loop.policy |= {"search": search}
    assert [(run.what, run.count) for run in forecast_of(loop).runs][1:3] == [
        ("search settings of dpo", 7),
        ("train with dpo", 1),
    ]


def test_the_gates_probes_and_its_trial_are_counted(
    loop: Loop, erin: Member, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two probes; nothing is in service yet; of 240 prompts that a trial takes at most, ten are held out."""
    probes = [str(built(erin.workspace, kind).uid) for kind in ("sft", "preference")]
    limits = [{"metric": "loss", "margin": 0.1, "probe": probe} for probe in (*probes, probes[0])]
    loop.policy |= {"gate": {"not_worse": limits, "trial": {"votes": 3}}}
    loop.save()
    told = forecast_of(loop)
    assert [(run.what, run.count) for run in told.runs if run.recipe != "dpo"] == [
        ("measure the base, if the test rows are new", 1),
        ("measure the base on the gate’s probes, if it was not yet", 2),
        ("measure the candidate", 1),
        ("measure the candidate, on the gate’s probes", 2),
        ("answer for the blind trial, both models, if the figures meet the gate", 2),
        ("write new answers", 1),
    ]
    assert told.trial is not None
    assert (told.trial.prompts, told.trial.judgments, told.trial.pay) == (10, 30, None)
    assert told.trial.minutes == pytest.approx(30 / 20 * told.people.minutes)

    call_command("run_round", workspace="acme", dry_run=True)
    said = capsys.readouterr().out
    assert "at most 30 judgments on 10 held-out prompts" in said
    shown = "on 10 held-out prompts shows a win rate from 97 % in four of five trials"
    assert shown in told.trial_fault
    assert shown in said
    client.force_login(erin.user)
    page = client.get(reverse("loops:forecast", args=["acme", loop.uid])).content.decode()
    assert "a blind trial on 10 held-out prompts: at most 30 judgments" in page
    assert shown in page
    loop.policy["gate"]["trial"] = {"margin": 0.48}
    assert forecast_of(loop).trial_fault == ""


def test_page_api_and_command_say_the_same_and_write_nothing(
    loop: Loop, erin: Member, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    client.force_login(erin.user)
    token = create_token(member=erin, name="api").text
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get(reverse("loops:forecast", args=["acme", loop.uid]))
        headers = {"authorization": f"Bearer {token}"}
        told = client.get(f"/api/v1/loops/{loop.uid}/dry-run", headers=headers).json()
        call_command("run_round", workspace="acme", dry_run=True, json=True)
    written = [each["sql"] for each in queries if each["sql"].startswith(("INSERT", "UPDATE"))]
    assert written == []
    assert "20 judgments, about" in page.content.decode()
    assert "drawn by lot from 24 prompts, spread over slices" in page.content.decode()
    assert json.loads(capsys.readouterr().out) == told
    assert told["people"]["tasks"] == 10
    call_command("run_round", workspace="acme", dry_run=True)
    assert "A campaign of at most 10 tasks: 20 judgments" in capsys.readouterr().out
    assert not Round.objects.exists()


def test_a_dry_run_makes_no_loop(acme: object) -> None:
    with pytest.raises(CommandError, match="it has: none"):
        call_command("run_round", workspace="acme", dry_run=True)


def test_a_round_tells_what_each_step_took_and_cost(
    loop: Loop, erin: Member, client: Client
) -> None:
    Judgment.objects.update(active_ms=30_000)
    set_device_price(amount=Decimal(36), currency="EUR", by=erin)
    round_ = turned(start_round(loop=loop, by=erin))
    Run.objects.filter(recipe="dpo").update(seconds=2.0)

    spent = {step.kind: spent_on(step) for step in round_.steps.all()}
    assert spent["dataset"].minutes == 12.0
    assert (spent["train"].in_runs, spent["train"].money) == (2.0, Decimal("0.02"))
    assert spent["decide"].in_runs is None
    overhead = overhead_of(round_)
    assert overhead is not None
    assert round_.ended_at is not None
    whole = (round_.ended_at - round_.created_at).total_seconds()
    assert overhead == pytest.approx(whole - 2.3)

    client.force_login(erin.user)
    page = client.get(reverse("loops:round", args=["acme", round_.uid])).content.decode()
    assert "2 s of it in runs, 0.02 EUR of device time" in page
    assert "12 minutes of annotators since the Round before" in page
