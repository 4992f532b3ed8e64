"""The report on reliability, by the command and as a page, on crowds whose care is known."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import ExpertAnswer, RankedCompletion
from evalhub.reports.read import Read
from evalhub.reports.reliability import reliability_report
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.quality.crowd import crowd
from tests.evalhub.reports.test_report import report
from tests.evalhub.reports.test_report_pages import computed, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(acme: Workspace) -> Campaign:
    return make.CampaignFactory.create(workspace=acme, type="comparison", overlap=4)


def rated(campaign: Campaign, kind: str, **criterion: object) -> None:
    """60 things by five people of six: the first is careless, the second a point severe."""
    asked = make.CriterionFactory.create(
        version=campaign.rubric_version, slug=kind, kind=kind, **criterion
    )
    chance = np.random.default_rng(0)
    people = [
        make.MemberFactory.create(workspace=campaign.workspace, pseudonym=f"p{nth}")
        for nth in range(6)
    ]
    for _ in range(60):
        task = make.TaskFactory.create(campaign=campaign)
        truth = int(chance.integers(2, 5))
        for nth in chance.permutation(6)[:5].tolist():
            said = truth + int(chance.integers(0, 2)) * (kind == "scale")
            if nth == 0:
                said = int(chance.integers(1, 6))
            elif nth == 1 and kind == "scale":
                said = truth - 1
            judgment = make.JudgmentFactory.create(task=task, member=people[nth])
            make.RatingFactory.create(
                judgment=judgment,
                completion=task.completions.first(),
                criterion=asked,
                value=said,
            )


def test_pairs_by_strength_and_position(campaign: Campaign) -> None:
    crowd(campaign, people=8, guessing=2, tasks=80)
    [found] = report("reliability", campaign)["questions"]
    assert (found["model"], found["question"], found["answers"]) == ("strengths", "overall", 320)
    people = {each["annotator"]: each for each in found["people"]}
    strength = {name: each["strength"]["value"] for name, each in people.items()}
    assert max(strength["person-0"], strength["person-1"]) < min(
        value for name, value in strength.items() if name not in ("person-0", "person-1")
    )
    for each in found["people"]:
        for name in ("strength", "position", "agreement"):
            assert each[name]["low"] <= each[name]["value"] <= each[name]["high"]
    consensus = found["consensus"]
    assert consensus["units"] == consensus["units_of_two"] == 80
    assert 0.5 < consensus["mean_probability"] < 1
    assert consensus["sure"]["n"] == 80
    assert 0 < consensus["disputed"] < 80


def test_scales_by_severity_and_spread(campaign: Campaign) -> None:
    rated(campaign, "scale", low=1, high=5)
    found = {each["question"]: each for each in report("reliability", campaign)["questions"]}
    people = {each["annotator"]: each for each in found["scale"]["people"]}
    assert people["p1"]["severity"]["high"] < -0.8
    assert people["p0"]["spread"]["low"] > people["p3"]["spread"]["high"]
    assert people["p0"]["agreement"]["high"] < people["p3"]["agreement"]["low"]
    assert found["scale"]["consensus"]["unlike_the_majority"] < 20


def test_choices_by_accuracy(campaign: Campaign) -> None:
    rated(campaign, "choice")
    [found] = report("reliability", campaign)["questions"]
    people = {each["annotator"]: each for each in found["people"]}
    assert people["p0"]["accuracy"]["high"] < 0.6
    assert people["p4"]["accuracy"]["low"] > 0.9
    assert [name for name, each in people.items() if each["is_careless"]] == ["p0"]
    assert found["careless"] == 1
    assert set(found["priors"]) == {"1", "2", "3", "4", "5"}
    assert sum(found["priors"].values()) == pytest.approx(1)


def test_numbers_have_no_probability(campaign: Campaign) -> None:
    rated(campaign, "number", low=0, high=100)
    [found] = report("reliability", campaign)["questions"]
    assert found["consensus"]["mean_probability"] is None
    assert found["consensus"]["sure"] is None


def test_nobody_and_one_person(campaign: Campaign) -> None:
    assert report("reliability", campaign)["questions"] == []
    judgment = make.JudgmentFactory.create(task=make.TaskFactory.create(campaign=campaign))
    make.PreferenceFactory.create(judgment=judgment)
    [found] = report("reliability", campaign)["questions"]
    assert found["people"][0]["agreement"] == {"value": None, "low": None, "high": None}
    assert found["consensus"]["units_of_two"] == 0


@pytest.mark.parametrize("kind", ["strengths", "scale", "choice"])
def test_the_page_of_each_model(campaign: Campaign, kind: str) -> None:
    if kind == "strengths":
        crowd(campaign, people=5, guessing=1, tasks=10)
    else:
        rated(campaign, kind)
    client = signed_in(cast_member("lead", campaign.workspace, "lead"))
    page = f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/reliability/"
    client.post(page)
    computed(campaign.reports.get())
    text = client.get(page).content.decode()
    name = {"strengths": "Strength", "scale": "Severity", "choice": "Accuracy"}[kind]
    assert f">{name}<" in text
    assert ("much below the others" in text) == (kind == "choice")


def gold(campaign: Campaign, task: Task, **said: object) -> None:
    Task.objects.filter(pk=task.pk).update(kind="gold")
    make.ExpertAnswerFactory.create(task=task, **said)


def test_the_consensus_is_held_against_gold(campaign: Campaign) -> None:
    """By hand: of four gold tasks the first was answered right by most, the second wrong, the third is
    undecided, and the fourth is withdrawn.
    """
    people = [make.MemberFactory.create(workspace=campaign.workspace) for _ in range(4)]
    for margins in ((1, 1, 1, -1), (-1, -1, -1, 1), (1, 1, -1, -1), (1, 1, 1, 1)):
        task = make.TaskFactory.create(campaign=campaign)
        first, second = task.completions.order_by("placed__place")
        for person, margin in zip(people, margins, strict=True):
            judgment = make.JudgmentFactory.create(task=task, member=person)
            make.PreferenceFactory.create(
                judgment=judgment, first=first, second=second, margin=margin
            )
    tasks = list(campaign.tasks.order_by("pk"))
    assert report("reliability", campaign)["questions"][0]["gold"] is None
    for task in tasks[:3]:
        gold(campaign, task)
    gold(campaign, tasks[3], withdrawn_at=timezone.now())
    found = report("reliability", campaign)["questions"][0]["gold"]
    assert (found["majority"]["part"], found["majority"]["n"], found["undecided"]) == (1, 2, 1)
    assert found["consensus"]["n"] == 3
    assert found["consensus"]["part"] in (1, 2)  # the third is either
    assert found["consensus"]["low"] < found["consensus"]["value"] < found["consensus"]["high"]
    ExpertAnswer.objects.filter(task=tasks[1]).update(also={"preference": ["B1", "both_bad"]})
    found = report("reliability", campaign)["questions"][0]["gold"]
    assert (found["majority"]["part"], found["majority"]["n"]) == (2, 2)


@pytest.mark.parametrize(
    ("tolerance", "also", "right"), [(0, [], 0), (1, [], 1), (0, ["1", "4"], 1), (0, ["3"], 0)]
)
def test_gold_on_a_scale_passes_within_its_tolerance_or_by_what_the_lead_lets_pass(
    campaign: Campaign, tolerance: int, also: list[str], right: int
) -> None:
    asked = make.CriterionFactory.create(version=campaign.rubric_version, slug="clarity", high=5)
    task = make.TaskFactory.create(campaign=campaign)
    for nth in range(3):
        judgment = make.JudgmentFactory.create(
            task=task, member=make.MemberFactory.create(workspace=campaign.workspace)
        )
        make.RatingFactory.create(
            judgment=judgment,
            completion=task.completions.order_by("placed__place")[0],
            criterion=asked,
            value=4 if nth else 3,
        )
    said = {"ratings": [{"response": "A", "criterion": "clarity", "value": 5, "turn": None}]}
    gold(campaign, task, answers=said, tolerance=tolerance, also={"rating.A.clarity": also})
    found = report("reliability", campaign)["questions"][0]["gold"]
    assert (found["majority"]["part"], found["majority"]["n"]) == (right, 1)


def test_gold_of_a_ranking_is_each_two_of_it(campaign: Campaign) -> None:
    """The expert: B, then A and C as equals. Two of three people rank B first and A above C, one A, B, C:
    of the two pairs that the expert tells apart both are right.
    """
    prompt = make.PromptFactory.create(collection__workspace=campaign.workspace)
    shown = [make.CompletionFactory.create(prompt=prompt) for _ in range(3)]
    task = make.TaskFactory.create(campaign=campaign, prompt=prompt, completions=shown)
    for tiers in ((1, 0, 2), (1, 0, 2), (0, 1, 2)):
        judgment = make.JudgmentFactory.create(
            task=task, member=make.MemberFactory.create(workspace=campaign.workspace)
        )
        for tier, completion in zip(tiers, shown, strict=True):
            RankedCompletion.objects.create(judgment=judgment, completion=completion, tier=tier)
    gold(campaign, task, answers={"ranking": [["B"], ["A", "C"]]})
    [overall] = report("reliability", campaign)["questions"]
    assert (overall["gold"]["majority"]["part"], overall["gold"]["majority"]["n"]) == (2, 2)
    assert (overall["gold"]["consensus"]["part"], overall["gold"]["undecided"]) == (2, 0)


def test_gold_of_turns_is_turn_by_turn(campaign: Campaign) -> None:
    """The expert: 4 for the first turn, 1 for the second, nothing of the third. Everybody says 4 of each."""
    asked = make.CriterionFactory.create(version=campaign.rubric_version, slug="clarity", high=5)
    task = make.TaskFactory.create(campaign=campaign)
    for _each in range(3):
        judgment = make.JudgmentFactory.create(
            task=task, member=make.MemberFactory.create(workspace=campaign.workspace)
        )
        for turn in (1, 3, 5):
            make.RatingFactory.create(
                judgment=judgment, completion=None, criterion=asked, value=4, turn=turn
            )
    said = [
        {"response": None, "criterion": "clarity", "value": value, "turn": turn}
        for turn, value in ((1, 4), (3, 1))
    ]
    gold(campaign, task, answers={"ratings": said})
    [clarity] = report("reliability", campaign)["questions"]
    assert (clarity["gold"]["majority"]["part"], clarity["gold"]["majority"]["n"]) == (1, 2)


def test_experts_are_read_once_for_all_questions(campaign: Campaign) -> None:
    rated(campaign, "choice", low=1, high=5)
    crowd(campaign, people=3, guessing=0, tasks=4)
    said = {"ratings": [{"response": "A", "criterion": "choice", "value": 3}]}
    gold(campaign, campaign.tasks.order_by("pk")[0], answers=said)
    with CaptureQueriesContext(connection) as queries:
        made = reliability_report(Read(campaign))
    assert [each["gold"] is not None for each in made["questions"]] == [True, False]
    assert sum("judgments_expertanswer" in each["sql"] for each in queries) == 1


def test_gold_of_a_choice(campaign: Campaign) -> None:
    rated(campaign, "choice", low=1, high=5)
    for task in campaign.tasks.order_by("pk")[:10]:
        value = int(task.judgments.order_by("pk")[0].ratings.get().value or 0)
        said = {"ratings": [{"response": "A", "criterion": "choice", "value": value}]}
        gold(campaign, task, answers=said)
    told = report("reliability", campaign)["questions"][0]["gold"]
    assert told["consensus"]["n"] == 10
    assert told["majority"]["n"] + told["undecided"] == 10
    assert told["consensus"]["part"] >= told["majority"]["part"] - 1
