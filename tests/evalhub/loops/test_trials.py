"""A Round whose gate asks people, and putting an earlier model back."""

from __future__ import annotations

from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.evaluation.card import card_of
from evalhub.evaluation.models import Evaluation, HumanTrial, Promotion
from evalhub.evaluation.services import end_trial, evaluate_model
from evalhub.jobs import jobs
from evalhub.jobs.events import announce
from evalhub.jobs.jobs import deliver_waiting
from evalhub.loops.choices import StepKind
from evalhub.loops.errors import CannotRollBack, RoundRunning
from evalhub.loops.models import Loop, Round
from evalhub.loops.report import round_report, runs_of
from evalhub.loops.rolling_back import roll_back
from evalhub.loops.services import cancel_round, edit_loop, resume_round, start_round
from evalhub.loops.story import story_of
from evalhub.registry.queries import lineage_of
from tests.evalhub.loops.scenes import a_loop, turned
from tests.evalhub.runs.scenes import built, without_torch
from tests.factories import JudgmentFactory, PreferenceFactory

EMPTY: dict[str, dict[str, Any]] = {kind.value: {} for kind in StepKind}
GATE: dict[str, Any] = {"trial": {"prompts": 10, "margin": 0.4, "alpha": 0.1}}


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


@pytest.fixture
def asking(erin: Member, tmp_path: Path) -> Round:
    """A Round that waits for people."""
    round_ = turned(start_round(loop=a_loop(erin, tmp_path, gate=GATE), by=erin))
    assert round_.state == "running"
    assert round_.steps.get(kind="decide").state == "running"
    return round_


def vote_for_the_candidate(trial: HumanTrial) -> None:
    assert trial.campaign is not None
    for task in trial.campaign.tasks.order_by("pk")[:5]:
        judgment = JudgmentFactory.create(task=task)
        mine = task.completions.get(generation__run_uid=trial.candidate_run.uid)
        first = task.placed.get(place=0).completion
        PreferenceFactory.create(judgment=judgment, margin=1 if first == mine else -1)
        announce("judgment.counted", judgment.uid)


def test_a_round_waits_for_the_trial_and_goes_on_by_itself(asking: Round) -> None:
    """Five wins of five: 2^5 times the mean of p^5 over 1/2 to 1 is 10.5, past 1 / 0.1."""
    trial = HumanTrial.objects.get()
    told = next(each for each in story_of(asking) if each.step.kind == "decide")
    assert told.text == "Open: 0 of at most 10 judgments are in."
    vote_for_the_candidate(trial)
    round_ = turned(asking)

    assert round_.state == "succeeded", [step.error for step in round_.steps.all()]
    round_.loop.refresh_from_db()
    assert round_.loop.incumbent == trial.candidate
    decided = next(each for each in story_of(round_) if each.step.kind == "decide")
    assert "in a blind trial people prefer its answers" in decided.text
    answered = {trial.candidate_run, trial.incumbent_run}
    assert set(runs_of(EMPTY | {"decide": decided.step.result})) == answered
    assert "of it in runs" in decided.spent


def test_a_trial_that_a_person_ends_refuses_and_the_round_goes_on(asking: Round, erin: Member) -> None:  # fmt: skip
    end_trial(trial=HumanTrial.objects.get(), by=erin, because="Nobody is there.")
    round_ = turned(asking)
    assert round_.state == "succeeded"
    round_.loop.refresh_from_db()
    assert round_.loop.incumbent is None


def test_cancelling_the_round_ends_its_trial_and_resuming_holds_another(asking: Round, erin: Member) -> None:  # fmt: skip
    cancel_round(round_=asking, by=erin)
    first = HumanTrial.objects.get()
    assert (first.outcome, first.because) == ("ended", "Its Round was cancelled.")
    turned(resume_round(round_=asking, by=erin))
    second = HumanTrial.objects.exclude(pk=first.pk).get()
    vote_for_the_candidate(second)
    assert turned(asking).state == "succeeded"
    second.refresh_from_db()
    assert second.promotion is not None
    assert (second.outcome, second.promotion.decision) == ("better", "promote")


def test_a_trial_that_the_votes_have_decided_unheard_is_the_loops_when_its_round_is_cancelled(
    asking: Round, erin: Member
) -> None:
    trial = HumanTrial.objects.get()
    vote_for_the_candidate(trial)
    deliver_waiting()  # the votes; that the trial has ended is news by itself
    round_ = cancel_round(round_=asking, by=erin)
    trial.refresh_from_db()
    round_.loop.refresh_from_db()
    assert (trial.outcome, round_.state) == ("better", "cancelled")
    assert round_.loop.incumbent == trial.candidate


def test_a_gate_that_is_too_narrow_stops_the_round_with_what_to_do(
    erin: Member, tmp_path: Path
) -> None:
    narrow = {"must_beat": [{"metric": "preference_accuracy", "margin": 0.01}]}
    round_ = turned(start_round(loop=a_loop(erin, tmp_path, gate=narrow), by=erin))
    step = round_.steps.get(kind="decide")
    assert step.state == "failed"
    assert "narrower: ask for a margin of at least" in step.error
    assert "Change the gate in the Loop’s policy, then resume" in step.error


def test_a_probe_is_measured_and_counts(erin: Member, tmp_path: Path) -> None:
    """Perplexity there is the same for both models, e^(132 / 120) of twelve texts."""
    probe = built(erin.workspace, "sft", test=12)
    limit = {"metric": "perplexity", "probe": str(probe.uid), "relative": True}
    loop = a_loop(erin, tmp_path, gate={"not_worse": [limit | {"margin": 0.05}]})
    assert turned(start_round(loop=loop, by=erin)).state == "succeeded"
    promotion = Promotion.objects.get()
    (told,) = [each for each in promotion.outcomes if each["metric"] == "perplexity"]
    assert told["met"]
    assert told["told"].startswith(f"perplexity on the probe {str(probe.uid)[:8]} is 3.00 beside")
    assert "n = 12" in told["told"]
    assert f"baseline on {probe.uid}" in promotion.evidence


def test_runs_on_a_probe_are_told_and_counted_but_are_not_the_models_figures(
    erin: Member, tmp_path: Path
) -> None:
    """The tree and the card have n = 10 of the Round's pairs, and nothing of the probe's twelve texts."""
    probe = built(erin.workspace, "sft", test=12)
    limit = {"metric": "perplexity", "probe": str(probe.uid), "relative": True, "margin": 0.05}
    loop = a_loop(erin, tmp_path, gate={"not_worse": [limit]})
    round_ = turned(start_round(loop=loop, by=erin))

    steps = {step.kind: step for step in round_.steps.all()}
    for kind in ("baseline", "evaluate"):
        assert len(runs_of(EMPTY | {kind: steps[kind].result})) == 2, kind
    assert len(round_report(round_)["runs"]) == 6  # one trains, one answers
    story = {each.step.kind: each for each in story_of(round_)}
    candidate = Promotion.objects.get().model
    told = f"{candidate} on the probe {probe}: perplexity 3.00"
    assert told in story["evaluate"].text
    assert "preference accuracy" not in story["evaluate"].text.partition(told)[2]
    assert [link.label for link in story["decide"].links] == [
        "beside tiny",
        f"beside tiny on the probe {probe}",
    ]

    on_probe = Evaluation.objects.filter(builds=probe)
    assert on_probe.count() == 2
    assert all(each.is_probe for each in on_probe)
    Evaluation.objects.update(is_probe=False)  # as it was before the mark
    import_module("evalhub.loops.migrations.0002_deciding_and_probes").mark_probes(apps, None)
    assert set(Evaluation.objects.filter(is_probe=True)) == set(on_probe)
    tree = next(each for each in lineage_of(erin.workspace) if each.model == loop.base_model)
    assert "preference accuracy 50 %" in tree.figures
    assert card_of(candidate)["figures"]["preference_accuracy"]["n"] == 10


def test_a_set_that_somebody_measures_on_is_no_mere_probe(erin: Member, tmp_path: Path) -> None:
    probe = built(erin.workspace, "sft", test=12)
    base = a_loop(erin, tmp_path).base_model
    asked: dict[str, Any] = {"workspace": erin.workspace, "model": base, "builds": [probe]}
    first = evaluate_model(**asked, as_probe=True)
    jobs.execute(first.run.job.uid)
    assert evaluate_model(**asked, as_probe=True).is_probe
    assert evaluate_model(**asked) == first
    assert not evaluate_model(**asked, as_probe=True).is_probe


def test_a_probe_that_is_not_there_stops_the_round_at_its_baseline(
    erin: Member, tmp_path: Path
) -> None:
    """As in a policy that was kept before saving looked for it."""
    limit = {"metric": "perplexity", "probe": "00000000-0000-4000-8000-000000000000"}
    loop = a_loop(erin, tmp_path)
    loop.policy |= {"gate": {"not_worse": [limit | {"margin": 0.05}]}}
    loop.save()
    step = turned(start_round(loop=loop, by=erin)).steps.get(kind="baseline")
    assert "this workspace has no such build" in step.error


@pytest.fixture
def twice(erin: Member, tmp_path: Path) -> Loop:
    """Two adapters were promoted; the second is in service."""
    loop = a_loop(erin, tmp_path)
    for seed in range(2):  # else the made-up trainer makes the same weights twice
        edit_loop(loop=loop, by=erin, policy={"seed": seed})
        assert turned(start_round(loop=loop, by=erin)).state == "succeeded"
    loop.refresh_from_db()
    return loop


def models_of(loop: Loop) -> list[Any]:
    return list(loop.workspace.language_models.filter(kind="adapter").order_by("pk"))


def test_an_earlier_model_comes_back_and_the_other_is_retired(twice: Loop, erin: Member) -> None:
    first, second = models_of(twice)
    assert twice.incumbent == second
    loop = roll_back(loop=twice, to=first, reason="Complaints about tone.", by=erin)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (loop.incumbent, first.stage, second.stage) == (first, "incumbent", "retired")
    entry = Entry.objects.get(verb="loop.rolled_back")
    assert entry.details["reason"] == "Complaints about tone."
    assert (entry.details["before"], entry.details["after"]) == (str(second.uid), str(first.uid))


def test_the_base_may_come_back_too(twice: Loop, erin: Member) -> None:
    loop = roll_back(loop=twice, to=None, reason="Back to the start.", by=erin)
    assert loop.incumbent is None
    assert {model.stage for model in models_of(twice)} == {"retired"}
    with pytest.raises(CannotRollBack, match="in service already"):
        roll_back(loop=loop, to=None, reason="Again.", by=erin)


def test_only_what_was_in_service_comes_back_and_only_between_rounds(twice: Loop, erin: Member) -> None:  # fmt: skip
    first, second = models_of(twice)
    with pytest.raises(CannotRollBack, match="was not in service"):
        roll_back(loop=twice, to=second, reason="It is there.", by=erin)
    start_round(loop=twice, by=erin)
    with pytest.raises(RoundRunning, match="cancel it first"):
        roll_back(loop=twice, to=first, reason="Quick.", by=erin)


def test_rolling_back_by_page_by_api_and_by_command(twice: Loop, erin: Member, client: Client) -> None:  # fmt: skip
    first, second = models_of(twice)
    client.force_login(erin.user)
    address = reverse("loops:roll_back", args=["acme", twice.uid])
    assert str(first) in client.get(address).content.decode()
    assert client.post(address, {"to": first.uid, "reason": ""}).status_code == 422
    assert client.post(address, {"to": first.uid, "reason": "Tone."}).status_code == 302
    twice.refresh_from_db()
    assert twice.incumbent == first

    headers = {"authorization": f"Bearer {create_token(member=erin, name='api').text}"}
    body = {"model": str(second.uid), "reason": "It was not the tone."}
    path = f"/api/v1/loops/{twice.uid}/roll-back"
    answer = client.post(path, body, content_type="application/json", headers=headers)
    assert answer.json()["incumbent"] == second.name, answer.content
    again = client.post(path, body, content_type="application/json", headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "cannot_roll_back")

    out = StringIO()
    call_command("roll_back", twice.slug, workspace="acme", to=first.name, reason="Tone.", stdout=out)  # fmt: skip
    assert out.getvalue() == f"In service: {first}\n"
