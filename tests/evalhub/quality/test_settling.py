"""What people agree on, kept up to date: fits, and the tasks in dispute."""

from __future__ import annotations

import numpy as np
import pytest

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Campaign
from evalhub.quality.fits import consensus_of, fit_of, model_of
from evalhub.quality.jobs import settle_all
from evalhub.quality.models import Consensus, Dispute, ReliabilityFit
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


def test_the_least_sure_question_of_a_task_is_told(campaign: Campaign) -> None:
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
    row = Dispute.objects.get()
    assert (row.criterion_id or 0) == min(sure, key=lambda key: sure[key])
    assert row.probability == pytest.approx(min(sure.values()), abs=1e-4)


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


def test_the_clock_settles_what_has_news_and_nothing_else(campaign: Campaign) -> None:
    quiet = make.CampaignFactory.create(workspace=campaign.workspace)
    vote(make.TaskFactory.create(campaign=campaign), make.MemberFactory.create(), 1)
    assert unsettled() == [campaign.pk]
    assert settle_all() == 1
    assert not Consensus.objects.filter(campaign=quiet).exists()
    Consensus.objects.update(settled_at="2999-01-01T00:00:00Z")
    assert unsettled() == []
    assert settle_all() == 0


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
