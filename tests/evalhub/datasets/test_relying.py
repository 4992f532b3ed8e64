"""By reliability: ratings, labels and what people wrote count as far as their people can be relied on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.datasets.definition import Definition
from evalhub.datasets.labels import label_rows
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.pairs import preference_rows
from evalhub.datasets.queries import lines_of, rows_of
from evalhub.datasets.rows import Answer, Kept
from evalhub.datasets.singles import sft_row, unpaired_rows
from evalhub.judgments.models import Demonstration, Judgment, Rating
from evalhub.quality.consensus import Marks, superiority
from evalhub.quality.evidence import CalledSo, Corrected, Evidence, Label, Written
from evalhub.quality.figures import as_weight, figure_of, reliability_of
from evalhub.quality.reliable import unreliable
from evalhub.quality.weighing import Weighing
from evalhub.rubrics.models import ScaleKind
from tests import factories as make
from tests.evalhub.datasets.conftest import Build

SCALE = {"model": "scores", "mean": 3.0, "width": 1.0, "noise": 1.0}
CHOICES = {
    "model": "choices",
    "values": [0, 1],
    "priors": [0.5, 0.5],
    "pooled": [[0.8, 0.2], [0.2, 0.8]],
}
RELIABLE = Definition(consensus="reliability")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_figures_by_hand() -> None:
    """Scale: (1 + 1) / (1 + spread²). Choices: right with 0.9 where by lot is 0.5: (0.9 - 0.5) / 0.5."""
    assert figure_of(SCALE, [0.7, 1.0]) == 1
    assert figure_of(SCALE, [0.0, 2.0]) == 0.4
    assert figure_of(CHOICES, [[0.9, 0.1], [0.1, 0.9]]) == pytest.approx(0.8)
    assert figure_of({"model": "strengths"}, [-0.25, 0.0]) == -0.25
    assert [as_weight(each) for each in (None, -1.0, 0.4, 1.7)] == [1.0, 0.05, 0.4, 1.0]


def test_nothing_is_known_of_whoever_no_fit_names() -> None:
    fits = {1: {"3": SCALE | {"raters": {"7": [0.0, 2.0]}}}}
    assert reliability_of(fits, 7, 1) == 0.4
    assert reliability_of(fits, 7, 2) == 0.4  # by what the other campaign tells
    assert reliability_of(fits, 8, 1) is None


def test_whoever_answers_a_scale_by_lot_is_left_out_where_they_write_too() -> None:
    fits = {1: {"3": SCALE | {"raters": {"7": [0.0, 3.0], "8": [1.5, 1.0]}}}}
    assert unreliable(fits, least=0.5, campaigns=[1, 2]) == ((1, (7,)), (2, (7,)))
    assert unreliable(fits, least=0.1, campaigns=[1, 2]) == ()


def test_a_campaign_in_which_somebody_rates_by_lot_leaves_them_in_another() -> None:
    fits = {1: {"3": SCALE | {"raters": {"7": [0.0, 1.0]}}}, 2: {"4": SCALE | {"raters": {"7": [0.0, 9.0]}}}}  # fmt: skip
    assert unreliable(fits, least=0.5, campaigns=[1, 2]) == ((2, (7,)),)


@pytest.mark.django_db
@pytest.mark.parametrize(("spread", "weight"), [(2.0, 0.25), (1.0, 1.0), (0.5, 4.0), (0.01, 4.0)])
def test_whoever_always_agrees_counts_as_four_at_most(spread: float, weight: float) -> None:
    """Weight (noise / spread)²; a hundredth of the others' spread would be ten thousand of their ratings."""
    said = make.JudgmentFactory.create()
    fit = SCALE | {"raters": {str(said.member_id): [0.5, spread]}}
    weighing = Weighing([said.pk], {said.campaign_id: {"3": fit}})
    assert weighing.lean(said.pk, 3) == (0.5, weight)


def test_marks_count_by_the_trust_in_them() -> None:
    """(5 · 3 + 1 · 1) / 4 = 4; and 5 is above 4 with 3 of 4, 1 with none."""
    marks = Marks(values=[5, 1], trust=[3, 1])
    assert marks.mean == 4
    assert superiority(marks, Marks(values=[4])) == 0.75
    assert Marks(values=[5, 1], trust=[0, 0]).mean == 3  # nobody can be relied on: all the same


def label(text: str, right: float | None, weight: float = 1.0) -> Label:
    called = None
    if right is not None:
        other = "no" if text == "yes" else "yes"
        called = CalledSo({"yes": 0.5, "no": 0.5}, {text: right, other: 1 - right})
    return Label(str(uuid4()), "spam", text, called, weight)


def labelled(*labels: Label) -> Kept:
    [row] = label_rows(Evidence(labels=list(labels)), {}, RELIABLE)
    assert isinstance(row, Kept)
    return row


def test_a_label_is_as_sure_as_its_people() -> None:
    """Once "yes" by one who is right with 0.9 against two "no" by 0.6: 0.9 · 0.4² to 0.1 · 0.6² is 4 to 1."""
    row = labelled(label("yes", 0.9), label("no", 0.6), label("no", 0.6))
    assert (row.answers[0].content, round(row.p_chosen, 3)) == ("yes", 0.8)
    assert "1 of 3 say so, 80% by how far" in row.reason
    assert labelled(label("yes", 0.9)).p_chosen == pytest.approx(0.9)  # one vote is never certain


def test_labels_of_which_somebody_is_not_known_are_shares() -> None:
    row = labelled(label("yes", 0.9, 3.0), label("no", None))
    assert (row.answers[0].content, row.p_chosen) == ("yes", 0.75)


def test_what_the_most_reliable_person_wrote_is_taken_and_weighs_so_much() -> None:
    evidence = Evidence(
        corrections=[Corrected("a", 1, "careless", AT.replace(year=2027), 0.2)],
        demonstrations=[Written("b", "careful", AT, 0.6)],
    )
    answers = {1: Answer("first", "1")}
    row = sft_row(evidence, answers, RELIABLE)
    assert isinstance(row, Kept)
    assert (row.answers[0].content, row.weight) == ("careful", 0.6)
    assert row.reason == "a person wrote it (reliability 0.60)"
    [pair] = preference_rows(evidence, answers, RELIABLE)
    assert isinstance(pair, Kept)
    assert pair.weight == 0.2
    weights = [
        row.weight for row in unpaired_rows(evidence, answers, RELIABLE) if isinstance(row, Kept)
    ]
    assert weights == [0.2, 0.2]


@pytest.fixture
def rated(acme: Workspace) -> tuple[Campaign, list[Member]]:
    """Sixty answers that three people rate alike, and one by lot, on a scale and by yes or no."""
    campaign = make.CampaignFactory.create(workspace=acme, type="rating", overlap=4)
    version = campaign.rubric_version
    criteria = [
        make.CriterionFactory.create(version=version, slug="truth"),
        make.CriterionFactory.create(
            version=version, slug="safe", kind=ScaleKind.YES_NO, low=0, high=1
        ),
    ]
    people = make.MemberFactory.create_batch(4, workspace=acme)
    chance = np.random.default_rng(0)
    ratings = []
    for _ in range(60):
        task = make.TaskFactory.create(campaign=campaign)
        true = int(chance.integers(1, 6))
        for nth, member in enumerate(people):
            said = int(chance.integers(1, 6)) if nth == 3 else true
            ratings += ratings_by(task, member, criteria, said, int(said > 3))
    Rating.objects.bulk_create(ratings)
    return campaign, people


def ratings_by(task: Task, member: Member, criteria: list[Any], *values: int) -> list[Rating]:
    judgment = make.JudgmentFactory.create(task=task, member=member)
    answer = task.completions.get(placed__place=0)
    return [
        Rating(judgment=judgment, completion=answer, criterion=criterion, value=value)
        for criterion, value in zip(criteria, values, strict=True)
    ]


def origins(build: DatasetBuild) -> dict[str, dict[str, Any]]:
    return {each["prompt"]: each for each in lines_of(build, "lineage.jsonl")}


@pytest.mark.django_db
def test_ratings_of_whoever_rates_by_lot_count_for_less(
    rated: tuple[Campaign, list[Member]], build: Build
) -> None:
    campaign, people = rated
    criteria = list(campaign.rubric_version.criteria.order_by("pk"))  # type: ignore[union-attr]  # it has one
    doubted = make.TaskFactory.create(campaign=campaign)
    Rating.objects.bulk_create(
        [
            *ratings_by(doubted, people[0], criteria, 5, 1),
            *ratings_by(doubted, people[3], criteria, 1, 0),
        ]
    )
    uid = str(doubted.prompt.uid)
    assert uid not in origins(build("sft"))
    made = build("sft", consensus="reliability")
    assert uid in origins(made)
    assert build("sft", consensus="reliability").digest == made.digest


@pytest.mark.django_db
def test_who_rates_by_lot_in_an_unrelated_campaign_stays_in_this_one(
    rated: tuple[Campaign, list[Member]], build: Build, acme: Workspace
) -> None:
    """Both are fitted; here the fourth rates as the others do, and each answer is rated by all of them."""
    elsewhere, people = rated
    here = make.CampaignFactory.create(workspace=acme, type="rating", overlap=4)
    criteria = [make.CriterionFactory.create(version=here.rubric_version, slug="truth")]
    ratings = []
    for nth in range(30):
        task = make.TaskFactory.create(campaign=here)
        for member in people:
            ratings += ratings_by(task, member, criteria, nth % 5 + 1)
    Rating.objects.bulk_create(ratings)
    uids = [str(elsewhere.uid), str(here.uid)]
    made = build("sft", campaigns=uids, min_reliability=0.5)
    behind = {uid for each in origins(made).values() for uid in each["judgments"]}
    theirs = Judgment.objects.filter(member=people[3], uid__in=behind)
    assert theirs.filter(campaign=here).exists()
    assert not theirs.filter(campaign=elsewhere).exists()


@pytest.mark.django_db
def test_people_who_rate_by_lot_are_left_out_with_what_they_wrote(
    rated: tuple[Campaign, list[Member]], build: Build, acme: Workspace
) -> None:
    _, people = rated
    writing = make.CampaignFactory.create(workspace=acme, type="demonstration")
    for member in (people[0], people[3]):
        task = make.TaskFactory.create(campaign=writing)
        said = make.JudgmentFactory.create(task=task, member=member)
        Demonstration.objects.create(judgment=said, content=f"by {member.pseudonym}")
    made = build("sft", min_reliability=0.5)
    texts = [
        row["completion"][0]["content"]
        for split in ("train", "validation", "test")
        for row in rows_of(made, split)
    ]
    assert f"by {people[0].pseudonym}" in texts
    assert f"by {people[3].pseudonym}" not in texts
    behind = {uid for each in origins(made).values() for uid in each["judgments"]}
    assert not Judgment.objects.filter(member=people[3], uid__in=behind).exists()
