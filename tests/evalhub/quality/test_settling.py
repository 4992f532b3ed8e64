"""What people agree on, kept up to date: fits, each thing's consensus, and the tasks in dispute."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment, Span
from evalhub.quality.fits import consensus_of, fit_of, model_of
from evalhub.quality.jobs import settle_all
from evalhub.quality.models import (
    Consensus,
    Dispute,
    Exclusion,
    Reinstatement,
    ReliabilityFit,
    UnitConsensus,
    Withdrawal,
)
from evalhub.quality.questions import questions_of
from evalhub.quality.settling import answered, settle, unsettled
from tests import factories as make
from tests.evalhub.quality.crowd import crowd, vote

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(acme: Workspace) -> Campaign:
    return make.CampaignFactory.create(workspace=acme, type="comparison", overlap=4)


def rate(task: object, value: int | None, criterion: object) -> None:
    judgment = make.JudgmentFactory.create(task=task)
    make.RatingFactory.create(
        judgment=judgment,
        completion=task.completions.first(),
        criterion=criterion,
        value=value,
        reason="" if value is not None else "unclear",
    )


def test_the_consensus_is_right_more_often_than_the_majority_and_says_how_sure_it_is(
    campaign: Campaign,
) -> None:
    tasks, truth = crowd(campaign, guessing=3, people=9, tasks=60)
    consensus = settle(campaign)
    assert consensus is not None
    [asked] = answered(campaign)
    found = consensus_of(asked, consensus.fit.questions["0"])
    of_task = dict(zip(asked.task_R.tolist(), asked.unit_R.tolist(), strict=True))
    unit = [of_task[task.pk] for task in tasks]
    right = found.answer_U[unit] == truth
    votes = np.bincount(asked.unit_R, asked.value_R)[unit]
    assert right.mean() > (np.sign(votes) == truth).mean()
    assert found.probability_U[unit][right].mean() > found.probability_U[unit][~right].mean()


def test_a_task_is_in_dispute_when_people_said_different_things(campaign: Campaign) -> None:
    one, two, three = (make.TaskFactory.create(campaign=campaign) for _ in range(3))
    people = [make.MemberFactory.create(workspace=campaign.workspace) for _ in range(3)]
    for task, margins in ((one, (1, -2, 1)), (two, (3, 1, 2)), (three, (1, -1, 0))):
        for person, margin in zip(people, margins, strict=True):
            vote(task, person, margin)
    found = settle(campaign)
    assert found is not None
    assert (found.units, found.disputed) == (3, 2)
    disputes = {row.task_id: row for row in Dispute.objects.all()}
    assert set(disputes) == {one.pk, three.pk}
    assert disputes[three.pk].probability < disputes[one.pk].probability < 0.9
    assert disputes[one.pk].answers == 3
    assert disputes[one.pk].criterion is None


def test_a_scale_is_in_dispute_when_answers_lie_two_points_apart(campaign: Campaign) -> None:
    clear = make.CriterionFactory.create(version=campaign.rubric_version, slug="clear")
    topic = make.CriterionFactory.create(
        version=campaign.rubric_version, slug="topic", kind="choice", position=1
    )
    near, apart, unlike = (make.TaskFactory.create(campaign=campaign) for _ in range(3))
    for value in (4, 5, None):
        rate(near, value, clear)
    for value in (2, 5, 5):
        rate(apart, value, clear)
    for value in (1, 2, 1):
        rate(unlike, value, topic)
    settle(campaign)
    found = {row.task_id: row.criterion for row in Dispute.objects.all()}
    assert found == {apart.pk: clear, unlike.pk: topic}


def test_the_question_of_a_task_that_matters_most_is_told(campaign: Campaign) -> None:
    clear = make.CriterionFactory.create(version=campaign.rubric_version, slug="clear")
    task = make.TaskFactory.create(campaign=campaign)
    for margin, value in ((1, 1), (1, 5), (1, 3), (-1, 3)):
        judgment = vote(task, make.MemberFactory.create(workspace=campaign.workspace), margin)
        completion = task.completions.first()
        make.RatingFactory.create(
            judgment=judgment, completion=completion, criterion=clear, value=value
        )
    settle(campaign)
    asked = {each.criterion: each for each in answered(campaign)}
    fit = ReliabilityFit.objects.get().questions
    sure = {
        key: float(consensus_of(each, fit[str(key)]).probability_U.min())
        for key, each in asked.items()
    }
    clear.weight = 0  # which no mean counts
    clear.save()
    settle(campaign)
    assert Dispute.objects.get().criterion is None
    clear.weight = 100
    clear.save()
    settle(campaign)
    row = Dispute.objects.get()
    assert row.criterion == clear
    assert row.probability == pytest.approx(sure[clear.pk], abs=1e-4)
    assert row.matters == pytest.approx(
        100 * (1 - sure[clear.pk]), abs=1e-2
    )  # 1 and 5: all the scale


def test_a_number_is_in_dispute_by_the_error_of_its_consensus(campaign: Campaign) -> None:
    """Who says 0 and 90 is further apart than who says 40 and 50, and both are as unsure."""
    pages = make.CriterionFactory.create(
        version=campaign.rubric_version, slug="pages", kind="number", low=0, high=1000
    )
    near, far, same = (make.TaskFactory.create(campaign=campaign) for _ in range(3))
    for task, values in ((near, (40, 50)), (far, (0, 90)), (same, (20, 20))):
        for value in values:
            rate(task, value, pages)
    settle(campaign)
    rows = {row.task: row for row in Dispute.objects.all()}
    assert set(rows) == {near, far}
    assert rows[far].probability is None
    assert rows[far].matters == pytest.approx(9 * rows[near].matters, rel=1e-2)
    unit = UnitConsensus.objects.get(task=far)
    assert (unit.probability, unit.answers) == (None, 2)
    assert unit.error > 0
    assert rows[far].matters == pytest.approx(unit.doubt, abs=1e-4)  # 0 to 90 is all the range


def test_passages_are_in_dispute_by_how_small_a_majority_marked_them(campaign: Campaign) -> None:
    """Of three, one marks characters 0 to 4 of the first answer: two in three say it is fine."""
    campaign.asks = ["spans"]
    campaign.save()
    task, alike = (make.TaskFactory.create(campaign=campaign) for _ in range(2))
    for each, marks in ((task, [(0, 4), None, None]), (alike, [(0, 4), (0, 4), None])):
        for mark in marks:
            judgment = make.JudgmentFactory.create(task=each)
            if mark is not None:
                Span.objects.create(
                    judgment=judgment,
                    completion=each.completions.first(),
                    start=mark[0],
                    end=mark[1],
                    error_type="wrong-fact",
                )
    last = Judgment.objects.filter(task=alike, spans=None).get()
    Span.objects.create(
        judgment=last, completion=alike.completions.first(), start=0, end=4, evidence="supported"
    )
    found = settle(campaign)
    assert found is not None
    assert found.disputed == 2
    rows = {row.task: row for row in Dispute.objects.all()}
    assert [rows[each].probability for each in (task, alike)] == pytest.approx(
        [2 / 3] * 2, abs=1e-4
    )
    assert rows[task].is_passages
    assert rows[task].matters == pytest.approx(1 / 3, abs=1e-3)
    Span.objects.create(
        judgment=last,
        completion=alike.completions.first(),
        start=0,
        end=4,
        error_type="wrong-fact",
    )
    settle(campaign)
    assert [row.task for row in Dispute.objects.all()] == [task]


def test_passages_on_which_all_agree_are_read_once(campaign: Campaign) -> None:
    """Nobody answers a question there, so there is no fit of anybody and nothing in dispute."""
    campaign.asks = ["spans"]
    campaign.save()
    task = make.TaskFactory.create(campaign=campaign)
    assert settle(campaign) is None, "nobody has judged"
    long_ago = timezone.now() - timedelta(hours=1)
    for _each in range(2):
        judgment = make.JudgmentFactory.create(task=task, created_at=long_ago)
        Span.objects.create(
            judgment=judgment, completion=task.completions.first(), start=0, end=4,
            error_type="wrong-fact",
        )  # fmt: skip
    assert unsettled() == [campaign.pk]
    assert settle_all() == 1
    row = Consensus.objects.get()
    assert (row.units, row.disputed, row.fit.answers) == (0, 0, 0)
    assert unsettled() == []
    make.JudgmentFactory.create(task=task)  # who marks nothing
    assert unsettled() == [campaign.pk]
    settle_all()
    assert Consensus.objects.get().disputed == 1


def test_each_thing_has_its_consensus_and_only_what_changed_is_written(campaign: Campaign) -> None:
    clear = make.CriterionFactory.create(version=campaign.rubric_version, slug="clear")
    one, two = (make.TaskFactory.create(campaign=campaign) for _ in range(2))
    people = [make.MemberFactory.create(workspace=campaign.workspace) for _ in range(2)]
    for person in people:
        vote(one, person, -1)
    for value in (4, 5, None):
        rate(two, value, clear)
    settle(campaign)
    pair = UnitConsensus.objects.get(criterion=None)
    assert (pair.task, pair.answer, pair.answers, pair.missing) == (one, -1, 2, 0)
    assert (pair.first_id, pair.second_id) == tuple(
        sorted(one.completions.values_list("pk", flat=True))
    )
    assert pair.doubt == pytest.approx(1 - pair.probability)
    rated = UnitConsensus.objects.get(criterion=clear)
    assert (rated.first, rated.second, rated.answers, rated.missing) == (
        two.completions.first(), None, 2, 1,
    )  # fmt: skip
    assert 4 < rated.answer < 5

    keys = set(UnitConsensus.objects.values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as asked:
        settle(campaign)
    assert not [each for each in asked if "INTO quality_unit" in each["sql"]]
    rate(two, 1, clear)
    settle(campaign)
    assert set(UnitConsensus.objects.values_list("pk", flat=True)) == keys
    rated.refresh_from_db()
    assert rated.answers == 3
    for judgment in Judgment.objects.filter(task=two):
        judgment.withdrawn_at = judgment.created_at
        judgment.save()
    settle(campaign)
    assert [each.task for each in UnitConsensus.objects.all()] == [one]
    Judgment.objects.update(withdrawn_at=F("created_at"))
    assert settle(campaign) is not None
    assert not UnitConsensus.objects.exists()


def test_only_what_changed_is_written_and_what_is_over_goes(campaign: Campaign) -> None:
    task, other = (
        make.TaskFactory.create(campaign=campaign),
        make.TaskFactory.create(campaign=campaign),
    )
    people = [make.MemberFactory.create(workspace=campaign.workspace) for _ in range(3)]
    vote(task, people[0], 1)
    second = vote(task, people[1], -1)
    vote(other, people[0], 1)
    vote(other, people[2], -1)
    settle(campaign)
    assert Dispute.objects.count() == 2
    revised = make.JudgmentFactory.create(
        task=task, member=people[1], assignment=second.assignment, supersedes=second
    )
    make.PreferenceFactory.create(judgment=revised, margin=1)
    settle(campaign)
    assert [row.task for row in Dispute.objects.all()] == [other]


def test_a_fit_is_used_until_the_answers_are_a_hundredth_more(campaign: Campaign) -> None:
    tasks, _truth = crowd(campaign, tasks=40)  # 160 answers
    first = settle(campaign)
    assert first is not None
    person = make.MemberFactory.create(workspace=campaign.workspace)
    vote(tasks[0], person, 1)
    assert settle(campaign).fit == first.fit
    for task in tasks[1:3]:
        vote(task, person, 1)
    assert settle(campaign).fit != first.fit
    assert ReliabilityFit.objects.count() == 2


def test_a_choice_that_a_fit_never_saw_makes_a_new_one(campaign: Campaign) -> None:
    topic = make.CriterionFactory.create(
        version=campaign.rubric_version, slug="topic", kind="choice"
    )
    task = make.TaskFactory.create(campaign=campaign)
    for value in [1, 2] * 100:
        rate(task, value, topic)
    first = settle(campaign)
    rate(task, 3, topic)
    assert settle(campaign).fit != first.fit


def test_a_fit_says_the_same_after_it_was_kept(campaign: Campaign) -> None:
    """As the model itself has it, within a hundredth: that one stopped half a round earlier."""
    crowd(campaign, tasks=30)
    [asked] = [each.given() for each in questions_of(campaign)]
    model = model_of(asked)
    kept = consensus_of(asked, fit_of(asked, model))
    assert np.maximum(model.first_U, 1 - model.first_U) == pytest.approx(
        kept.probability_U, abs=1e-2
    )


def test_nobody_counts_as_more_than_four_ordinary_people(campaign: Campaign) -> None:
    """As in builds: a spread is measured against a consensus that its person is part of."""
    tone = make.CriterionFactory.create(version=campaign.rubric_version, slug="tone")
    task = make.TaskFactory.create(campaign=campaign)
    rate(task, 5, tone)
    rate(task, 1, tone)
    [asked] = [each.given() for each in questions_of(campaign) if each.name == "tone"]
    exact, ordinary = asked.member_R[np.argsort(-asked.value_R)].tolist()
    fit = {"model": "scores", "mean": 3.0, "width": 1.0, "noise": 1.0}
    fit |= {"raters": {str(exact): [0.0, 0.01], str(ordinary): [0.0, 1.0]}}
    [score] = consensus_of(asked, fit).answer_U
    assert score == pytest.approx(
        3 + (4 * 2 - 1 * 2) / (4 + 1 + 1)
    )  # the last: what is known ahead


def test_the_clock_settles_what_has_news_and_nothing_else(campaign: Campaign) -> None:
    quiet = make.CampaignFactory.create(workspace=campaign.workspace)
    vote(make.TaskFactory.create(campaign=campaign), make.MemberFactory.create(), 1)
    assert unsettled() == [campaign.pk]
    assert settle_all() == 1
    assert not Consensus.objects.filter(campaign=quiet).exists()
    Consensus.objects.update(settled_at="2999-01-01T00:00:00Z")
    assert unsettled() == []
    assert settle_all() == 0


def test_who_is_left_out_leaves_the_consensus_too(campaign: Campaign) -> None:
    """Without anybody's judging anew: left out, in again, withdrawn, and reinstated."""
    person = make.MemberFactory.create(workspace=campaign.workspace)
    vote(make.TaskFactory.create(campaign=campaign), person, 1)
    campaign.judgments.update(created_at="2020-01-01T00:00:00Z")

    def is_due() -> bool:
        """And settles it as if that were long ago."""
        due = unsettled() == [campaign.pk]
        settle_all()
        Consensus.objects.update(settled_at=timezone.now() + timedelta(minutes=5))
        assert unsettled() == []
        Consensus.objects.update(settled_at=timezone.now() - timedelta(minutes=5))
        return due

    assert is_due()
    made = make.ExclusionFactory.create(campaign=campaign, member=person)
    assert is_due()
    assert not UnitConsensus.objects.exists()
    Exclusion.objects.filter(pk=made.pk).update(created_at="2020-01-01T00:00:00Z")
    assert not is_due()
    Exclusion.objects.filter(pk=made.pk).update(lifted_at=timezone.now(), lifted_by=person)
    assert is_due()
    assert UnitConsensus.objects.count() == 1
    Exclusion.objects.filter(pk=made.pk).update(lifted_at="2020-01-02T00:00:00Z")
    withdrawn = make.WithdrawalFactory.create(
        workspace=campaign.workspace, judgment=None, member=person
    )
    assert is_due()
    Withdrawal.objects.filter(pk=withdrawn.pk).update(created_at="2020-01-01T00:00:00Z")
    assert not is_due()
    Reinstatement.objects.create(withdrawal=withdrawn, reason="It was right.", reinstated_by=person)
    assert is_due()


def test_one_campaign_that_fails_does_not_stop_the_others(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = make.CampaignFactory.create(workspace=campaign.workspace, type="comparison")
    for each in (campaign, other):
        vote(make.TaskFactory.create(campaign=each), make.MemberFactory.create(), 1)

    def broken(each: Campaign) -> Consensus | None:
        if each == campaign:
            raise ArithmeticError
        return settle(each)

    monkeypatch.setattr("evalhub.quality.jobs.settle", broken)
    assert settle_all() == 1
    assert str(campaign.pk) in caplog.text
