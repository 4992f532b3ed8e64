"""Deciding on a model that no Round of the Loop made."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.models import Evaluation, HumanTrial, Look, Promotion
from evalhub.jobs import jobs
from evalhub.loops.deciding import decide_on
from evalhub.loops.errors import CannotDecide, LoopPaused, RoundRunning
from evalhub.loops.figures import new_judgments
from evalhub.loops.models import Loop, Round
from evalhub.loops.policy import read_policy
from evalhub.loops.report import round_report
from evalhub.loops.rolling_back import roll_back
from evalhub.loops.services import cancel_round, edit_loop, resume_round, start_round
from evalhub.loops.story import headline, story_of
from evalhub.loops.waiting import readiness_of
from evalhub.notifications.models import Notification
from evalhub.registry.models import LanguageModel
from evalhub.runs.services import start_training
from tests.evalhub.loops.scenes import a_loop, judged_again, turned, work_off
from tests.evalhub.runs.scenes import base_model, without_torch

IMPOSSIBLE = {"must_beat": [{"metric": "preference_accuracy", "margin": 0.6}]}
START = {"when": "any", "judgments": 1}


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


@pytest.fixture
def loop(erin: Member, tmp_path: Path) -> Loop:
    """It has turned once; what its Round made is in service."""
    loop = a_loop(erin, tmp_path)
    assert turned(start_round(loop=loop, by=erin)).state == "succeeded"
    loop.refresh_from_db()
    assert loop.incumbent is not None
    return loop


@pytest.fixture
def adapter(loop: Loop, erin: Member) -> LanguageModel:
    """Trained by hand, on the build of that Round, with another seed."""
    return by_hand(loop, erin, seed=7)


def by_hand(loop: Loop, erin: Member, *, seed: int) -> LanguageModel:
    build = DatasetBuild.objects.get(workspace=loop.workspace, dataset__kind="preference")
    run = start_training(
        workspace=loop.workspace, recipe="dpo", model=loop.base_model, build=build, seed=seed, by=erin
    )  # fmt: skip
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    assert run.output_model is not None
    return run.output_model


def test_it_is_measured_beside_base_and_incumbent_and_put_in_service(
    loop: Loop, adapter: LanguageModel, erin: Member
) -> None:
    """On the set that is there: the base and the incumbent are not measured again, and nothing is built."""
    before, builds = loop.incumbent, DatasetBuild.objects.count()
    round_ = turned(decide_on(loop=loop, model=adapter, by=erin))

    assert round_.state == "succeeded", [step.error for step in round_.steps.all()]
    assert [step.kind for step in round_.steps.all()] == [
        "dataset",
        "baseline",
        "evaluate",
        "decide",
    ]
    for each in (loop, adapter, before):
        assert each is not None
        each.refresh_from_db()
    assert (loop.incumbent, adapter.stage, before and before.stage) == (
        adapter,
        "incumbent",
        "retired",
    )
    promotion = Promotion.objects.get(model=adapter)
    assert (promotion.decision, promotion.replaces) == ("promote", before)
    assert promotion.evidence.keys() == {"baseline", "incumbent"}
    assert Evaluation.objects.count() == 3
    assert DatasetBuild.objects.count() == builds
    assert round_.campaign is None

    assert headline(round_) == f"Done: {adapter} was promoted."
    story = story_of(round_)
    assert story[0].text == "The test split of Round 1; this one learns nothing."
    assert story[2].text.startswith(f"{adapter}: preference accuracy")
    report = round_report(round_)
    assert report["decides_on"] == str(adapter.uid)
    assert report["promotion"]["decision"] == "promote"
    started = Entry.objects.filter(verb="round.started").latest("pk")
    assert started.details["decides_on"] == str(adapter.uid)
    told = Notification.objects.filter(topic="round.decided", member=erin).latest("pk")
    assert promotion.reason in told.sentence


def test_what_does_not_pass_the_gate_is_refused_with_the_reasons(
    loop: Loop, adapter: LanguageModel, erin: Member
) -> None:
    before = loop.incumbent
    edit_loop(loop=loop, by=erin, policy={"gate": IMPOSSIBLE})
    round_ = turned(decide_on(loop=loop, model=adapter, by=erin))
    loop.refresh_from_db()
    assert loop.incumbent == before
    promotion = Promotion.objects.get(model=adapter)
    assert promotion.decision == "refuse"
    assert story_of(round_)[-1].text == promotion.reason
    assert headline(round_) == f"Done: {adapter} was not promoted."


def test_a_gate_that_asks_people_holds_its_trial_against_what_is_in_service(
    loop: Loop, adapter: LanguageModel, erin: Member
) -> None:
    """The base, which writes other answers than the made-up trainer's adapters."""
    loop = roll_back(loop=loop, to=None, reason="Back to the start.", by=erin)
    gate = {"trial": {"prompts": 10, "margin": 0.4, "alpha": 0.1}}
    edit_loop(loop=loop, by=erin, policy={"gate": gate})
    round_ = turned(decide_on(loop=loop, model=adapter, by=erin))
    trial = HumanTrial.objects.get()
    assert (trial.candidate, trial.incumbent) == (adapter, loop.base_model)
    assert (round_.state, trial.state) == ("running", "open")


def test_it_is_no_turn_of_the_circle_for_what_waits_for_one(
    loop: Loop, adapter: LanguageModel, erin: Member
) -> None:
    """Judgments stay new, and one that failed holds up nothing."""
    judged_again(loop, 3)
    edit_loop(loop=loop, by=erin, policy={"start": START, "gate": {"must_beat": [{"metric": "preference_accuracy", "margin": 0.01}]}})  # fmt: skip
    round_ = turned(decide_on(loop=loop, model=adapter, by=erin))
    assert round_.state == "failed"  # the gate is too narrow
    loop.refresh_from_db()
    policy = read_policy(loop.policy)
    assert new_judgments(loop, policy).count() == 3
    assert readiness_of(loop, policy).is_due
    edit_loop(loop=loop, by=erin, policy={})
    assert turned(resume_round(round_=round_, by=erin)).state == "succeeded"


def test_what_cannot_be_decided_on_is_refused_at_once(
    loop: Loop, adapter: LanguageModel, erin: Member, tmp_path: Path
) -> None:
    other = base_model(erin.workspace, tmp_path / "other", name="other")
    incumbent = loop.incumbent
    assert incumbent is not None
    for model, told in (
        (other, "was not trained from “tiny”"),
        (loop.base_model, "was not trained from"),
        (incumbent, "in service already"),
    ):
        with pytest.raises(CannotDecide, match=told):
            decide_on(loop=loop, model=model, by=erin)
    turned(decide_on(loop=loop, model=adapter, by=erin))
    with pytest.raises(CannotDecide, match="Roll back"):
        decide_on(loop=loop, model=incumbent, by=erin)

    new = by_hand(loop, erin, seed=8)
    running = start_round(loop=loop, by=erin)
    with pytest.raises(RoundRunning):
        decide_on(loop=loop, model=new, by=erin)
    turned(running)
    Loop.objects.update(paused_at=running.created_at, paused_why="Agreement fell.")
    with pytest.raises(LoopPaused):
        decide_on(loop=loop, model=new, by=erin)
    assert Round.objects.count() == 3


def test_what_came_into_service_meanwhile_is_not_decided_on_again(
    loop: Loop, adapter: LanguageModel, erin: Member
) -> None:
    first = cancel_round(round_=decide_on(loop=loop, model=adapter, by=erin), by=erin)
    assert turned(decide_on(loop=loop, model=adapter, by=erin)).state == "succeeded"
    with pytest.raises(CannotDecide, match="in service already"):
        resume_round(round_=first, by=erin)


def test_before_any_round_there_is_nothing_to_measure_on(erin: Member, tmp_path: Path) -> None:
    loop = a_loop(erin, tmp_path)
    adapter = LanguageModel.objects.create(
        workspace=erin.workspace, name="a", kind="adapter", parent=loop.base_model
    )
    with pytest.raises(CannotDecide, match="start a Round first"):
        decide_on(loop=loop, model=adapter, by=erin)


def test_by_page_by_api_and_by_command(
    loop: Loop, adapter: LanguageModel, erin: Member, bob: Member, client: Client
) -> None:
    address = reverse("loops:decide", args=["acme", adapter.uid])
    client.force_login(erin.user)
    model = client.get(reverse("registry:detail", args=["acme", adapter.uid])).content.decode()
    assert address in model
    assert "Main" in client.get(address).content.decode()
    assert client.post(address, {"loop": ""}).status_code == 422
    answer = client.post(address, {"loop": loop.uid})
    round_ = Round.objects.latest("pk")
    assert answer.headers["Location"] == reverse("loops:round", args=["acme", round_.uid])
    work_off()
    page = client.get(answer.headers["Location"]).content.decode()
    assert f"Done: {adapter} was promoted." in page
    assert Look.objects.get().set_digest == Evaluation.objects.latest("pk").set_digest
    assert "Decides on" in page
    again = client.post(address, {"loop": loop.uid})
    assert "is in service already" in again.content.decode()

    second, third = (by_hand(loop, erin, seed=seed) for seed in (8, 9))
    headers = {"authorization": f"Bearer {create_token(member=erin, name='api').text}"}
    path = f"/api/v1/loops/{loop.uid}/decide"
    sent: dict[str, Any] = {"content_type": "application/json", "headers": headers}
    answer = client.post(path, {"model": str(second.uid)}, **sent)
    assert (answer.status_code, answer.json()["decides_on"]) == (201, str(second.uid))
    work_off()
    answer = client.post(path, {"model": str(loop.base_model.uid)}, **sent)
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_decide")

    out = StringIO()
    call_command("run_round", workspace="acme", decide_on=third.name, json=True, stdout=out)
    assert json.loads(out.getvalue())["decides_on"] == str(third.uid)
    with pytest.raises(CommandError, match="still running"):
        call_command("run_round", workspace="acme", decide_on=second.name)
