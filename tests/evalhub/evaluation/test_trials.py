"""Old against new, blind: from the gate to an open campaign, and from each vote to the decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Task
from evalhub.evaluation.errors import BadGate, GateTooNarrow, NoTrial
from evalhub.evaluation.gate import Gate, TrialTerms, Veto
from evalhub.evaluation.judging import Verdict
from evalhub.evaluation.models import HumanTrial, Promotion
from evalhub.evaluation.services import end_trial
from evalhub.evaluation.trials.starting import Ground, start_trial
from evalhub.evaluation.trials.telling import course_of, headline, progress_of
from evalhub.jobs.events import announce
from evalhub.jobs.jobs import deliver_waiting
from evalhub.jobs.services import cancel_job
from evalhub.prompts.models import Collection, Completion
from evalhub.registry.models import LanguageModel
from tests.evalhub.loops.scenes import work_off
from tests.evalhub.runs.scenes import base_model, without_torch
from tests.factories import (
    CollectionFactory,
    ComparisonFactory,
    CriterionFactory,
    EvaluationFactory,
    FlagFactory,
    JudgmentFactory,
    LanguageModelFactory,
    PreferenceFactory,
    PromptFactory,
    PromptGroupFactory,
    RatingFactory,
    RubricVersionFactory,
)

TERMS = TrialTerms(prompts=30, margin=0.3)
PROMOTABLE = Verdict(promote=True, reason="Promoted: so far.", outcomes=())


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


def ground(erin: Member, *, prompts: int = 30) -> Ground:
    collection: Collection = CollectionFactory.create(workspace=erin.workspace)
    for place in range(prompts):
        group = PromptGroupFactory.create(workspace=erin.workspace, split="test")
        PromptFactory.create(
            collection=collection, group=group,
            messages=[{"role": "user", "content": f"What is number {place}?"}],
        )  # fmt: skip
    version = RubricVersionFactory.create(rubric__workspace=erin.workspace)
    CriterionFactory.create(version=version, slug="safety")
    return Ground(collection, version)


def begun(
    erin: Member, folder: Path, *, gate: Gate, where: Ground, against: str = "base"
) -> HumanTrial:
    base = base_model(erin.workspace, folder)
    adapter = LanguageModelFactory.create(
        workspace=erin.workspace, kind="adapter", parent=base, name="warmer",
        facts={"files": {}},
    )  # fmt: skip
    other = LanguageModelFactory.create(
        workspace=erin.workspace, kind="adapter", parent=base, facts={"files": {}}
    )
    beside = base if against == "base" else other
    before, candidate = (
        EvaluationFactory.create(
            workspace=erin.workspace, model=model, run__job__state="succeeded",
            run__job__ended_at=timezone.now(),
        )
        for model in (beside, adapter)
    )  # fmt: skip
    comparison = ComparisonFactory.create(
        workspace=erin.workspace, baseline=before, candidate=candidate
    )
    return start_trial(
        candidate=candidate, comparisons={"baseline": comparison}, verdict=PROMOTABLE, gate=gate,
        ground=where, by=erin,
    )  # fmt: skip


@pytest.fixture
def trial(erin: Member, tmp_path: Path) -> HumanTrial:
    """An open one on thirty prompts, with a veto on safety."""
    gate = Gate(trial=TERMS, vetoes=(Veto("safety", least=3),))
    return opened(begun(erin, tmp_path, gate=gate, where=ground(erin)))


def opened(trial: HumanTrial) -> HumanTrial:
    work_off()
    trial.refresh_from_db()
    assert trial.state == "open", trial.error
    return trial


def mine(trial: HumanTrial, task: Task) -> Completion:
    return task.completions.get(generation__run_uid=trial.candidate_run.uid)


def vote(trial: HumanTrial, task: Task, towards: int, **rating: Any) -> None:
    """One person's preference: 1 for the candidate, 0 a tie, -1 for the one in service."""
    judgment = JudgmentFactory.create(task=task)
    preference = PreferenceFactory.build(judgment=judgment, margin=towards)
    if preference.first != mine(trial, task):
        preference.margin = -towards
    preference.save()
    if rating:
        RatingFactory.create(judgment=judgment, completion=mine(trial, task), **rating)
    announce("judgment.counted", judgment.uid)
    work_off()
    trial.refresh_from_db()


def tasks_of(trial: HumanTrial) -> list[Task]:
    assert trial.campaign is not None
    return list(trial.campaign.tasks.order_by("pk"))


def test_both_models_answer_and_people_are_asked_blind(trial: HumanTrial, bob: Member, client: Client) -> None:  # fmt: skip
    campaign = trial.campaign
    assert campaign is not None
    assert (campaign.type, campaign.state, campaign.tasks.count()) == ("comparison", "open", 30)
    assert not campaign.allows_revision
    client.force_login(bob.user)
    claimed = client.post(
        f"/api/v1/campaigns/{campaign.uid}/claim", {"holding": []}, content_type="application/json"
    )
    assert {each["content"] for each in claimed.json()["task"]["responses"]} == {"Answer 0", "Answer 0 with care"}  # fmt: skip
    assert "warmer" not in claimed.content.decode()
    assert "candidate" not in claimed.content.decode()


def test_the_candidate_is_in_trial_meanwhile(trial: HumanTrial) -> None:
    assert LanguageModel.objects.get(name="warmer").stage == "in_trial"
    assert Entry.objects.filter(verb="trial.started").count() == 1


def test_seven_wins_in_a_row_promote_it_and_save_the_rest(trial: HumanTrial) -> None:
    """2^7 times the mean of p^7 over 1/2 to 1 is 31.9, past the 20 that alpha 0.05 asks for."""
    for task in tasks_of(trial)[:7]:
        assert trial.state == "open"
        vote(trial, task, 1)

    assert (trial.state, trial.outcome) == ("decided", "better")
    assert headline(trial) == (
        "Decided after 7 of 30 judgments, by the votes: the candidate is better."
    )
    assert progress_of(trial).saved == 23
    promotion = Promotion.objects.get()
    assert promotion.decision == "promote"
    assert "win rate 100 % on 7 of 30 prompts, ties as half" in promotion.reason
    assert promotion.outcomes[-1]["met"]
    assert promotion.gate["trial"]["prompts"] == 30
    assert LanguageModel.objects.get(name="warmer").stage == "incumbent"


def test_the_campaign_closes_and_nothing_is_lent_any_more(trial: HumanTrial, bob: Member, client: Client) -> None:  # fmt: skip
    for task in tasks_of(trial)[:7]:
        vote(trial, task, 1)
    assert trial.campaign is not None
    assert trial.campaign.state == "closed"
    client.force_login(bob.user)
    path = f"/api/v1/campaigns/{trial.campaign.uid}/claim"
    answer = client.post(path, {"holding": []}, content_type="application/json")
    assert answer.status_code != 200


def test_a_vote_that_comes_in_afterwards_changes_nothing(trial: HumanTrial) -> None:
    tasks = tasks_of(trial)
    for task in tasks[:7]:
        vote(trial, task, 1)
    for task in tasks[7:20]:
        vote(trial, task, -1)
    assert trial.outcome == "better"
    assert trial.bets.count() == 7
    assert progress_of(trial).beside == 13


def test_losses_refuse_it_as_soon_as_the_margin_is_out_of_reach(trial: HumanTrial) -> None:
    """Against a win rate of 80 % two losses in a row are 100 times as likely as expected at most;
    on average over all below it 8.7 times, and three 27 times."""
    for task in tasks_of(trial)[:3]:
        assert trial.state == "open"
        vote(trial, task, -1)
    assert trial.outcome == "no_difference"
    assert Promotion.objects.get().decision == "refuse"
    assert LanguageModel.objects.get(name="warmer").stage == "candidate"


def test_ties_move_no_stake_and_end_as_no_difference(trial: HumanTrial) -> None:
    """Each tie multiplies the stake on p < 0.8 by p / 1.6 + (1 - p) / 0.4: 20 is reached before 30."""
    for task in tasks_of(trial):
        if trial.state == "open":
            vote(trial, task, 0)
    assert trial.outcome == "no_difference"
    assert set(trial.bets.values_list("better", flat=True)) == {0.0}


def test_a_veto_refuses_whatever_the_votes(trial: HumanTrial) -> None:
    criterion = trial.rubric_version.criteria.get(slug="safety")
    vote(trial, tasks_of(trial)[0], 1, criterion=criterion, value=2)
    assert trial.outcome == "vetoed"
    assert "1 of its answers was rated below 3 on safety (0 allowed)" in Promotion.objects.get().reason  # fmt: skip


def test_the_other_models_ratings_veto_nothing(trial: HumanTrial) -> None:
    task = tasks_of(trial)[0]
    judgment = JudgmentFactory.create(task=task)
    other = task.completions.exclude(pk=mine(trial, task).pk).get()
    criterion = trial.rubric_version.criteria.get(slug="safety")
    RatingFactory.create(judgment=judgment, completion=other, criterion=criterion, value=1)
    vote(trial, tasks_of(trial)[1], 1)
    assert trial.state == "open"


def test_flags_may_veto(erin: Member, tmp_path: Path) -> None:
    terms = TrialTerms(prompts=30, margin=0.3, most_unsafe_flags=0)
    trial = opened(begun(erin, tmp_path, gate=Gate(trial=terms), where=ground(erin)))
    FlagFactory.create(task=tasks_of(trial)[3], kind="unsafe")
    vote(trial, tasks_of(trial)[0], 1)
    assert "1 tasks were flagged as unsafe" in Promotion.objects.get().reason


def test_a_prompt_counts_once_it_has_all_its_votes(erin: Member, tmp_path: Path) -> None:
    """Two votes each: a win and a tie are a value of 3/4."""
    terms = TrialTerms(prompts=30, margin=0.3, votes=2)
    trial = opened(begun(erin, tmp_path, gate=Gate(trial=terms), where=ground(erin)))
    task = tasks_of(trial)[0]
    vote(trial, task, 1)
    assert trial.bets.count() == 0
    vote(trial, task, 0)
    assert list(trial.bets.values_list("place", "votes", "value")) == [(1, 2, 0.75)]


def test_simulated_votes_count_only_where_the_gate_says_so(trial: HumanTrial) -> None:
    task = tasks_of(trial)[0]
    judgment = JudgmentFactory.create(task=task, source="simulated")
    PreferenceFactory.create(judgment=judgment)
    announce("judgment.counted", judgment.uid)
    work_off()
    assert trial.bets.count() == 0


def test_simulated_ratings_veto_nothing_where_their_votes_do_not_count(trial: HumanTrial) -> None:
    criterion = trial.rubric_version.criteria.get(slug="safety")
    task = tasks_of(trial)[0]
    judgment = JudgmentFactory.create(task=task, source="simulated")
    RatingFactory.create(judgment=judgment, completion=mine(trial, task), criterion=criterion, value=1)  # fmt: skip
    vote(trial, tasks_of(trial)[1], 1)
    assert (trial.state, trial.look["votes"], progress_of(trial).given) == ("open", 1, 1)


def test_a_simulated_vote_does_not_stand_for_one_that_is_wanted(erin: Member, tmp_path: Path) -> None:  # fmt: skip
    """Of two votes each, one of a person and a simulated one."""
    terms = TrialTerms(prompts=30, margin=0.3, votes=2)
    trial = opened(begun(erin, tmp_path, gate=Gate(trial=terms), where=ground(erin)))
    task = tasks_of(trial)[0]
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=task, source="simulated"))
    vote(trial, task, 1)
    assert trial.bets.count() == 0


def test_a_trial_whose_places_simulated_votes_have_taken_ends_undecided(erin: Member, tmp_path: Path) -> None:  # fmt: skip
    terms = TrialTerms(prompts=10, margin=0.4, alpha=0.1)
    trial = opened(begun(erin, tmp_path, gate=Gate(trial=terms), where=ground(erin, prompts=10)))
    tasks = tasks_of(trial)
    for task in tasks[1:]:
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=task, source="simulated"))
    vote(trial, tasks[0], 1)
    assert (trial.outcome, trial.bets.count()) == ("undecided", 1)


def test_all_votes_in_and_nothing_shown_is_no_promotion(erin: Member, tmp_path: Path) -> None:
    """A loss, seven wins, two ties: 2^8 times twice the integral of p^7 (1 - p) is 7.1, below 10."""
    terms = TrialTerms(prompts=10, margin=0.4, alpha=0.1)
    trial = opened(begun(erin, tmp_path, gate=Gate(trial=terms), where=ground(erin, prompts=10)))
    for task, towards in zip(tasks_of(trial), [-1, *[1] * 7, 0, 0], strict=True):
        vote(trial, task, towards)
    assert trial.outcome == "undecided"
    assert Promotion.objects.get().decision == "refuse"


def test_a_person_may_end_it_with_a_reason(trial: HumanTrial, erin: Member) -> None:
    end_trial(trial=trial, by=erin, because="The prompts were the wrong ones.")
    trial.refresh_from_db()
    assert trial.outcome == "ended"
    assert headline(trial) == "Decided after 0 of 30 judgments, by erin: ended by a person."
    assert (
        "wrong ones" not in Promotion.objects.get().reason
    )  # so that an erasure need not look there
    assert Entry.objects.get(verb="trial.decided").details["reason"] == "The prompts were the wrong ones."  # fmt: skip
    with pytest.raises(NoTrial, match="decided already"):
        end_trial(trial=trial, by=erin, because="Again.")


def test_ending_it_before_people_are_asked_stops_the_models(erin: Member, tmp_path: Path) -> None:
    trial = begun(erin, tmp_path, gate=Gate(trial=TERMS), where=ground(erin))
    trial = end_trial(trial=trial, by=erin, because="The prompts were the wrong ones.")
    assert {trial.candidate_run.job.state, trial.incumbent_run.job.state} == {"cancelled"}
    assert headline(trial) == "Decided before anybody was asked, by erin: ended by a person."


def test_when_one_model_cannot_answer_the_other_need_not(erin: Member, tmp_path: Path) -> None:
    trial = begun(erin, tmp_path, gate=Gate(trial=TERMS), where=ground(erin))
    cancel_job(job=trial.candidate_run.job, by=erin)
    deliver_waiting()
    trial.refresh_from_db()
    assert (trial.state, trial.incumbent_run.job.state) == ("failed", "cancelled")


def test_what_a_command_ended_was_not_decided_by_the_votes(trial: HumanTrial) -> None:
    trial = end_trial(trial=trial, by=None, because="Its Round was cancelled.")
    assert headline(trial) == "Decided after 0 of 30 judgments: ended by a person."


def test_models_that_say_the_same_need_nobodys_vote(erin: Member, tmp_path: Path) -> None:
    where = ground(erin)
    trial = begun(erin, tmp_path, gate=Gate(trial=TERMS), where=where, against="adapter")
    work_off()
    trial.refresh_from_db()
    assert (trial.state, trial.outcome, trial.campaign) == ("decided", "no_difference", None)
    assert trial.left_out["alike"] == 30
    assert headline(trial) == "Decided before anybody was asked: no gain worth having."


def test_too_few_prompts_for_the_margin_are_refused_with_the_remedy(erin: Member, tmp_path: Path) -> None:  # fmt: skip
    with pytest.raises(GateTooNarrow, match="or import more prompts and raise"):
        begun(erin, tmp_path, gate=Gate(trial=TrialTerms()), where=ground(erin))


def test_without_held_out_prompts_there_is_no_trial(erin: Member, tmp_path: Path) -> None:
    with pytest.raises(NoTrial, match="no held-out prompt"):
        begun(erin, tmp_path, gate=Gate(trial=TERMS), where=ground(erin, prompts=0))


def test_a_veto_on_no_criterion_is_refused(erin: Member, tmp_path: Path) -> None:
    gate = Gate(trial=TERMS, vetoes=(Veto("charm", least=3),))
    with pytest.raises(BadGate, match="name charm, and"):
        begun(erin, tmp_path, gate=gate, where=ground(erin))


def test_one_prompt_of_a_group_is_asked(erin: Member, tmp_path: Path) -> None:
    """Near-duplicates would be votes on the same thing."""
    where = ground(erin)
    for prompt in where.collection.prompts.all()[:20]:
        PromptFactory.create(collection=where.collection, group=prompt.group)
    assert begun(erin, tmp_path, gate=Gate(trial=TERMS), where=where).prompts == 30


def test_the_course_is_drawn_from_the_bets(trial: HumanTrial) -> None:
    assert course_of(trial) is None
    for task in tasks_of(trial)[:3]:
        vote(trial, task, 1)
    course = course_of(trial)
    assert course is not None
    assert course.line.count(" ") == 3
    assert course.needed < course.even
    assert course.rows[-1] == (3, "100 %", "3.75")  # 2^3 times the mean of p^3: 8 (15/16) / 2
