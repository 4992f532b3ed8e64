"""Ratings and rankings are asked by decision value too, each by the decisions that it serves."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import RankedCompletion
from evalhub.rubrics.models import Criterion
from evalhub.valuing.choices import Aim
from evalhub.valuing.errors import CannotValue
from evalhub.valuing.knowledge import heard_for
from evalhub.valuing.models import ValuedTask
from evalhub.valuing.services import ask_by_value
from tests.evalhub.valuing.scenes import LONG, SHORT, valued
from tests.factories import (
    CampaignFactory,
    CompletionFactory,
    CriterionFactory,
    GenerationFactory,
    JudgmentFactory,
    PromptFactory,
    RatingFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db

LISTED = "1. It is so.\n2. It is not 4."


def scale(campaign: Campaign, **more: object) -> Criterion:
    return CriterionFactory.create(version=campaign.rubric_version, **more)


@pytest.fixture
def ratings(bob: Member) -> Campaign:
    campaign = CampaignFactory.create(workspace=bob.workspace, type="rating")
    scale(campaign)
    return campaign


def asked(campaign: Campaign, *, prompts: int, texts: tuple[str, ...]) -> list[Task]:
    """An answer by a model of its own for each text; a rating of each, else a task of all."""
    models = [GenerationFactory.create(workspace=campaign.workspace) for _ in texts]
    made = []
    for nth in range(prompts):
        prompt = PromptFactory.create(collection__workspace=campaign.workspace)
        answers = [
            CompletionFactory.create(prompt=prompt, generation=by, content=f"{text} {nth}")
            for by, text in zip(models, texts, strict=True)
        ]
        parts = [[each] for each in answers] if campaign.type == "rating" else [answers]
        made += [
            TaskFactory.create(campaign=campaign, prompt=prompt, completions=part) for part in parts
        ]
    return made


def rate(task: Task, points: int) -> None:
    judgment = JudgmentFactory.create(task=task)
    for criterion in task.campaign.rubric_version.criteria.all():
        value = criterion.low + (criterion.high - criterion.low) * (points - 1) // 4
        completion = task.placed.get().completion
        RatingFactory.create(
            judgment=judgment, completion=completion, criterion=criterion, value=value
        )
    Task.objects.filter(pk=task.pk).update(open_places=0, judged=1)


def rank(task: Task) -> None:
    """As they stand, the last two alike."""
    judgment = JudgmentFactory.create(task=task)
    for place, placed in enumerate(task.placed.order_by("place")):
        tier = min(place, task.placed.count() - 2)
        RankedCompletion.objects.create(judgment=judgment, completion=placed.completion, tier=tier)
    Task.objects.filter(pk=task.pk).update(open_places=0, judged=1)


def test_ratings_decide_which_model_is_better_and_what_reaches_the_threshold(
    ratings: Campaign,
) -> None:
    tasks = asked(ratings, prompts=24, texts=(LONG, SHORT))
    before = valued(ask_by_value(campaign=ratings)).figures
    assert before["orders"][0]["wrong"] == pytest.approx(0.5)
    for task in tasks[:18]:
        rate(task, 5 if "scattered" in task.placed.get().completion.content else 2)
    after = valued(ask_by_value(campaign=ratings)).figures
    (order,) = after["orders"]
    assert order["better"] == tasks[0].placed.get().completion.generation.model.name
    assert order["wrong"] < 0.01
    assert after["judgments"] == 18
    assert after["rows"]["threshold"] == 4.0
    assert after["rows"]["wrong"] < 0.05 < before["rows"]["wrong"]
    assert "pairs" not in after


def test_what_lies_near_the_threshold_is_asked_first(ratings: Campaign) -> None:
    """Long answers are rated 4 and 5, short ones 1: what is unsure at 4.5 is settled at 3."""
    tasks = asked(ratings, prompts=20, texts=(LONG, SHORT))
    for nth, task in enumerate(tasks[:20]):
        rate(task, (4 if nth % 4 else 5) if nth % 2 == 0 else 1)
    near = valued(ask_by_value(campaign=ratings, aim=Aim.DATA, threshold=4.5)).figures
    first = ValuedTask.objects.filter(by_lot=False, worth__isnull=False).order_by("place")[0]
    assert "scattered" in first.task.placed.get().completion.content
    far = valued(ask_by_value(campaign=ratings, aim=Aim.DATA, threshold=2.5)).figures
    assert far["gain"] < near["gain"] / 3
    assert far["rows"]["wrong"] < near["rows"]["wrong"]


def test_a_rating_is_the_weighed_mean_of_its_criteria_in_points(ratings: Campaign) -> None:
    """5 of 5 of weight 1 and no of yes or no of weight 3: a quarter of the way, 2 points. What could not be
    told, weighs nothing or is words is left out."""
    yes_no = scale(ratings, kind="yes_no", low=0, high=1, weight=3)
    idle = scale(ratings, weight=0)
    (task,) = asked(ratings, prompts=1, texts=(LONG,))
    judgment, completion = JudgmentFactory.create(task=task), task.placed.get().completion
    first = ratings.rubric_version.criteria.order_by("pk")[0]
    for criterion, value in ((first, 5), (yes_no, 0), (idle, 1)):
        RatingFactory.create(
            judgment=judgment, completion=completion, criterion=criterion, value=value
        )
    untold = JudgmentFactory.create(task=task)
    RatingFactory.create(
        judgment=untold, completion=completion, criterion=first, value=None, reason="unsure"
    )
    heard = heard_for(ratings)
    assert [(each.answer, each.points) for each in heard.rated] == [(completion.pk, 2.0)]
    assert (heard.judgments, heard.last) == (1, judgment.pk)


def test_ratings_that_say_of_nothing_that_it_is_better_are_refused(ratings: Campaign) -> None:
    Criterion.objects.update(kind="choice")
    with pytest.raises(CannotValue, match="No criterion of this rubric is a scale"):
        ask_by_value(campaign=ratings)


def test_rankings_are_the_comparisons_that_they_imply(bob: Member) -> None:
    campaign = CampaignFactory.create(workspace=bob.workspace, type="ranking")
    tasks = asked(campaign, prompts=24, texts=(LONG, LISTED, SHORT))
    for task in tasks[:12]:
        rank(task)
    heard = heard_for(campaign)
    assert (heard.judgments, len(heard.said)) == (12, 36)
    assert [(each.preferred, each.among) for each in heard.said[:3]] == [
        (1.0, 3),
        (1.0, 3),
        (0.5, 3),
    ]
    figures = valued(ask_by_value(campaign=campaign)).figures
    assert (figures["judgments"], figures["tasks"]) == (12, 12)
    assert figures["pairs"]["n"] == 3 * ValuedTask.objects.filter(by_lot=False).count()
    best = tasks[0].placed.order_by("place")[0].completion.generation.model.name
    surest = figures["orders"][-1]
    assert (surest["better"], surest["wrong"] < 0.2) == (best, True)


def test_comparisons_hear_rankings_by_the_same_rubric(bob: Member) -> None:
    ranking = CampaignFactory.create(workspace=bob.workspace, type="ranking")
    comparison = CampaignFactory.create(
        workspace=bob.workspace, rubric_version=ranking.rubric_version
    )
    (task,) = asked(ranking, prompts=1, texts=(LONG, LISTED, SHORT))
    rank(task)
    assert (heard_for(comparison).judgments, len(heard_for(comparison).said)) == (1, 3)


def test_the_page_asks_for_a_threshold_of_ratings_and_tells_what_cannot_be_valued(
    client: Client, alice: Member, ratings: Campaign
) -> None:
    asked(ratings, prompts=6, texts=(LONG, SHORT))
    client.force_login(alice.user)
    page = f"/w/acme/campaigns/{ratings.uid}/next/"
    assert "Good enough from so many points" in client.get(page).content.decode()
    given = {"aim": "data", "by_lot": 20, "every": 50, "threshold": "3.5"}
    assert client.post(page, given).status_code == 302
    valued(ratings.valuation)
    assert (
        "Whether an answer reaches 3.5 points of 5, on average" in client.get(page).content.decode()
    )
    label = CampaignFactory.create(workspace=alice.workspace, type="label")
    told = client.get(f"/w/acme/campaigns/{label.uid}/next/").content.decode()
    assert "so such tasks come by lot" in told
    assert "<form" not in told.partition("<main")[2]
