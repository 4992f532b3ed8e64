"""What people say of both models of a comparison: rubric means and win rate, on held-out prompts."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.evaluation.models import Comparison
from evalhub.evaluation.people import _wins_at_equal_length, said_of
from evalhub.jobs.models import Job
from evalhub.judgments.models import RankedCompletion
from evalhub.prompts.models import Completion, Prompt
from tests.evalhub.loops.scenes import work_off
from tests.factories import (
    CampaignFactory,
    ComparisonFactory,
    CompletionFactory,
    CriterionFactory,
    ExclusionFactory,
    JudgmentFactory,
    PreferenceFactory,
    PromptFactory,
    PromptGroupFactory,
    RatingFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


class Scene:
    """A base and a candidate that answered the same prompts, of which people judge some."""

    def __init__(self, erin: Member) -> None:
        self.workspace = erin.workspace
        self.comparison: Comparison = ComparisonFactory.create(
            workspace=erin.workspace,
            baseline__model__name="base",
            candidate__model__name="candidate",
        )
        self.campaign = CampaignFactory.create(workspace=erin.workspace)
        self.criterion = CriterionFactory.create(
            version=self.campaign.rubric_version, name="Clarity", low=1, high=5
        )

    def prompt(self, split: str = "test") -> Prompt:
        group = PromptGroupFactory.create(workspace=self.workspace, split=split)
        prompt: Prompt = PromptFactory.create(collection__workspace=self.workspace, group=group)
        return prompt

    def answers(self, prompt: Prompt) -> list[Completion]:
        """The base's, then the candidate's."""
        models = (self.comparison.baseline.model, self.comparison.candidate.model)
        return [CompletionFactory.create(prompt=prompt, generation__model=each) for each in models]

    def rate(self, before: int, after: int, *, split: str = "test", **judgment: object) -> None:
        prompt = self.prompt(split)
        answers = self.answers(prompt)
        task = TaskFactory.create(campaign=self.campaign, prompt=prompt, completions=answers)
        said = JudgmentFactory.create(task=task, **judgment)
        for answer, value in zip(answers, (before, after), strict=True):
            RatingFactory.create(
                judgment=said, completion=answer, criterion=self.criterion, value=value
            )

    def prefer(
        self, margin: int, *, split: str = "test", lengths: tuple[int, int] = (20, 20)
    ) -> None:
        """Above 0 for the candidate."""
        prompt = self.prompt(split)
        base, candidate = answers = self.answers(prompt)
        for answer, length in zip(answers, lengths, strict=True):
            Completion.objects.filter(pk=answer.pk).update(content="x" * (length - 1))
        task = TaskFactory.create(
            campaign=self.campaign, prompt=prompt, completions=[base, candidate]
        )
        PreferenceFactory.create(
            judgment=JudgmentFactory.create(task=task), first=base, second=candidate, margin=-margin
        )


@pytest.fixture
def scene(erin: Member) -> Scene:
    return Scene(erin)


def test_means_of_a_criterion_are_paired_by_prompt(scene: Scene) -> None:
    """Worked by hand: 2, 4 beside 3, 5: means 3 and 4, each prompt one point better, so without doubt."""
    scene.rate(2, 3)
    scene.rate(4, 5)

    [told] = said_of(scene.comparison)["criteria"]

    assert (told["name"], told["points"], told["n"]) == ("Clarity", [1, 5], 2)
    assert (told["baseline"], told["candidate"], told["difference"]) == (3.0, 4.0, 1.0)
    assert (told["low"], told["high"]) == (1.0, 1.0)


def test_prompts_that_may_be_trained_on_are_left_out_and_counted(scene: Scene) -> None:
    scene.rate(1, 5, split="train")
    scene.prefer(1, split="train")
    scene.prefer(1)

    told = said_of(scene.comparison)

    assert (told["criteria"], told["others"]) == ([], 2)
    assert (told["wins"]["value"], told["wins"]["n"]) == (1.0, 1)


def test_wins_count_ties_as_half_and_rankings_too(scene: Scene) -> None:
    """A win, a tie and a ranking that puts the base first: ½ of three prompts."""
    scene.prefer(2)
    scene.prefer(0)
    prompt = scene.prompt()
    base, candidate = scene.answers(prompt)
    task = TaskFactory.create(campaign=scene.campaign, prompt=prompt, completions=[base, candidate])
    said = JudgmentFactory.create(task=task)
    for answer, tier in ((base, 1), (candidate, 2)):
        RankedCompletion.objects.create(judgment=said, completion=answer, tier=tier)

    wins = said_of(scene.comparison)["wins"]

    assert (wins["value"], wins["n"]) == (0.5, 3)
    assert wins["low"] < 0.5 < wins["high"]


def test_lengths_of_answers_are_held_against_each_other(scene: Scene) -> None:
    """The candidate wins where it is the longer one, and loses where it is not: at equal length, neither."""
    for margin, mine in ((1, 200), (1, 100), (-1, 50), (-1, 25), (1, 100), (-1, 50)):
        scene.prefer(margin, lengths=(70, mine))
    told = said_of(scene.comparison)
    assert told["wins"]["value"] == 0.5
    even = told["wins_at_equal_length"]
    assert (even["n"], even["value"]) == (6, pytest.approx(0.5, abs=0.05))
    for _ in range(6):  # then it wins by being long
        scene.prefer(1, lengths=(70, 200))
    told = said_of(scene.comparison)
    assert told["wins"]["value"] == 0.75
    assert told["wins_at_equal_length"]["value"] < 0.6


def test_of_answers_that_all_differ_alike_nothing_is_told_apart(scene: Scene) -> None:
    for margin in (1, -1):
        scene.prefer(margin, lengths=(70, 140))
    assert said_of(scene.comparison)["wins_at_equal_length"]["value"] is None


def test_the_win_rate_at_equal_length_is_found_where_it_is_known() -> None:
    """Length is worth one logit a doubling, the candidate twice as long and worth nothing by itself: 95 in 100."""
    dice, covered = np.random.default_rng(0), 0
    for _ in range(200):
        longer = dice.normal(1, 1, 80)
        won = dice.random(80) < 1 / (1 + np.exp(-longer))
        rows = range(80)
        found = _wins_at_equal_length(
            {at: str(at) for at in rows},
            {at: float(won[at]) for at in rows},
            {at: float(longer[at]) for at in rows},
        )
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.5 <= found.high
    assert 183 <= covered <= 198


def test_one_who_always_wins_is_no_certainty(scene: Scene) -> None:
    for _ in range(4):
        scene.prefer(1)
    wins = said_of(scene.comparison)["wins"]
    assert (wins["value"], wins["high"]) == (1.0, pytest.approx(1.0))
    assert wins["low"] == pytest.approx(4 / (4 + 1.96**2), abs=1e-4)  # Wilson's, all of four


def test_who_does_not_count_says_nothing(scene: Scene) -> None:
    scene.rate(1, 5, source="simulated")
    scene.rate(1, 5)
    left_out = scene.campaign.judgments.get(source="human").member
    ExclusionFactory.create(campaign=scene.campaign, member=left_out)
    assert said_of(scene.comparison)["criteria"] == []


def test_erin_sums_it_up_on_the_page_and_by_api(scene: Scene, erin: Member, client: Client) -> None:
    scene.rate(2, 4)
    scene.prefer(1)
    client.force_login(erin.user)
    page = f"/w/acme/comparisons/{scene.comparison.uid}/"
    api = f"/api/v1/comparisons/{scene.comparison.uid}/people"

    before = client.get(page).text
    posted = client.post(f"{page}people/")
    again = client.post(api)
    waiting = client.get(f"{page}people/").text
    work_off()
    after = client.get(page).text
    told = client.get(api).json()["result"]

    assert "Not summed up yet" in before
    assert (posted.status_code, again.status_code) == (302, 202)
    assert Job.objects.filter(kind="evaluation.people").count() == 1
    assert "every 2s" in waiting
    assert "Clarity, 1 to 5" in after
    assert "+2.00" in after
    assert "Preferred, ties as half" in after
    assert "The same at equal length" not in after  # of one prompt nothing is told apart
    assert told["wins"]["value"] == 1.0
    assert client.get(f"{page}json/").json()["people"] == told


def test_annotators_do_not_read_it(scene: Scene, bob: Member, client: Client) -> None:
    client.force_login(bob.user)
    assert client.post(f"/w/acme/comparisons/{scene.comparison.uid}/people/").status_code == 403
    assert client.post(f"/api/v1/comparisons/{scene.comparison.uid}/people").status_code in (
        403,
        404,
    )
    assert not Job.objects.filter(kind="evaluation.people").exists()
