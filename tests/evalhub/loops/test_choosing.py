"""What people are asked about, where a Round's budget does not pay for all that was written."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.jobs.beat import Beat
from evalhub.jobs.choices import JobState
from evalhub.jobs.jobs import execute, take, write_end
from evalhub.loops.errors import StepFailed
from evalhub.loops.jobs import open_next_campaign
from evalhub.loops.models import Round
from evalhub.loops.policy import read_policy, stored
from evalhub.loops.steps.answering import begin_campaign, finish_campaign
from evalhub.loops.story import story_of
from evalhub.loops.turn import Turn
from evalhub.valuing.models import ValuedTask
from evalhub.valuing.queries import newest_job
from tests import factories as make

pytestmark = pytest.mark.django_db
PAY = {"amount": "0.25", "currency": "EUR", "budget": "5"}


def answered(by: Member, *, n: int = 2, **campaign: Any) -> Round:
    """A Round whose model has written `n` answers to each of twelve prompts, a third of them German."""
    policy = stored(read_policy({"campaign": campaign, "generate": {"n": n}}))
    version = make.RubricVersionFactory.create(rubric__workspace=by.workspace)
    make.CriterionFactory.create(version=version)
    loop = make.LoopFactory.create(workspace=by.workspace, rubric_version=version, policy=policy, kept_by=by)  # fmt: skip
    round_ = make.RoundFactory.create(loop=loop, created_by=by, policy=policy, number=1)
    generation = make.GenerationFactory.create(workspace=by.workspace, model=loop.base_model)
    for nth in range(12):
        slices = {"language": "de" if nth % 3 == 0 else "en"}
        prompt = make.PromptFactory.create(collection=loop.collection, slices=slices)
        for text in ("It is so, and for long.", "So.", "1. So it is?", "Never 4!")[:n]:
            make.CompletionFactory.create(
                prompt=prompt, generation=generation, content=f"{text} {nth}"
            )
    made = {
        "generations": [str(generation.uid)], "run": str(uuid4()), "model": str(loop.base_model.uid),
        "completions": 12 * n, "empty": 0,
    }  # fmt: skip
    make.StepFactory.create(round=round_, kind="generate", position=5, result=made)
    make.StepFactory.create(round=round_, kind="campaign", position=6)
    return round_


def opened(round_: Round) -> Campaign:
    """As its step does, by a worker."""
    turn = Turn(round_)
    step = turn.steps["campaign"]
    [job] = begin_campaign(turn, step)
    step.save()
    taken = take(job.uid, owner="tests")
    assert taken is not None
    result = open_next_campaign(taken, Beat(taken))
    write_end(taken, JobState.SUCCEEDED, result=result)
    step.refresh_from_db()
    finish_campaign(turn, step)
    step.save()
    round_.refresh_from_db()
    assert round_.campaign is not None
    return round_.campaign


def told(round_: Round) -> str:
    return story_of(round_)[-1].text


def test_without_a_bound_all_is_asked_and_nothing_had_to_be_chosen(olga: Member) -> None:
    round_ = answered(olga)
    assert opened(round_).tasks.count() == 12
    assert told(round_) == "12 new tasks opened for judgment."


def test_prompts_are_drawn_by_lot_spread_over_slices_and_not_by_uid(olga: Member) -> None:
    """Six of twelve, two of them German; the lot is the Round's."""
    round_ = answered(olga, overlap=2, pay=PAY | {"budget": "3"})
    campaign = opened(round_)
    prompts = [task.prompt for task in campaign.tasks.select_related("prompt")]
    assert len(prompts) == 6
    assert sum(each.slices == {"language": "de"} for each in prompts) == 2
    every = sorted(round_.loop.collection.prompts.values_list("uid", flat=True))
    assert {each.uid for each in prompts} not in ({*every[:6]}, {*every[6:]})
    assert told(round_).endswith("By lot, spread over slices: 6 of 12 prompts.")
    assert not ValuedTask.objects.exists()


def test_by_lot_a_prompts_ratings_stay_together(olga: Member) -> None:
    """20 judgments pay for six prompts of three answers, and not for a part of the seventh."""
    round_ = answered(olga, n=3, type="rating", pay=PAY)
    campaign = opened(round_)
    assert campaign.tasks.count() == 18
    assert len(set(campaign.tasks.values_list("prompt", flat=True))) == 6


def test_by_value_a_share_is_by_lot_and_stays_so_when_it_is_valued_anew(olga: Member) -> None:
    round_ = answered(olga, overlap=2, decision_value=True, pay=PAY)
    campaign = opened(round_)
    lots = dict(ValuedTask.objects.values_list("task_id", "by_lot"))
    assert (len(lots), sum(lots.values())) == (10, 2)
    assert set(lots) == set(campaign.tasks.values_list("pk", flat=True))
    assert told(round_).endswith(
        "By decision value, but 2 of 10 tasks by lot: on 10 of 12 prompts."
    )
    job = newest_job(campaign.valuation)
    assert job is not None
    execute(job.uid)
    assert dict(ValuedTask.objects.values_list("task_id", "by_lot")) == lots


def test_of_more_than_two_answers_the_pair_is_chosen_though_all_prompts_are_paid_for(
    olga: Member,
) -> None:
    round_ = answered(olga, n=4, decision_value=True)
    campaign = opened(round_)
    assert campaign.tasks.count() == 12
    pairs = [
        tuple(each.completion.content[:2] for each in task.placed.order_by("place"))
        for task in campaign.tasks.all()
    ]
    assert set(pairs) != {("It", "So")}, "not merely the first two"
    assert told(round_).endswith("but 3 of 12 tasks by lot: on 12 of 12 prompts.")


def test_ratings_by_value_are_answers_and_not_whole_prompts(olga: Member) -> None:
    round_ = answered(olga, n=3, type="rating", decision_value=True, pay=PAY | {"budget": "1.25"})
    campaign = opened(round_)
    assert campaign.tasks.count() == 5
    assert campaign.valuation.threshold == 4.0


def test_a_worker_that_comes_second_changes_nothing(olga: Member) -> None:
    round_ = answered(olga, pay=PAY | {"budget": "1"})
    campaign = opened(round_)
    before = told(round_)
    assert opened(round_) == campaign
    assert (campaign.tasks.count(), told(round_)) == (4, before)


def test_what_decides_nothing_is_not_chosen_by_value(olga: Member) -> None:
    """The rubric has no scale."""
    round_ = answered(olga, type="rating", decision_value=True)
    round_.loop.rubric_version.criteria.update(kind="choice")
    with pytest.raises(
        StepFailed, match=r"tasks come by lot\. Set campaign.decision_value to false"
    ):
        opened(round_)
