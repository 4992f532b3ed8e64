"""A bar on agreement: answers to questions on which people agree too little make no rows."""

from __future__ import annotations

from typing import Any

import pytest

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import lines_of
from evalhub.datasets.verifying import verify_build
from evalhub.reports.agreement import agreement_report
from evalhub.reports.read import Read
from evalhub.rubrics.models import Criterion
from tests.evalhub.datasets.conftest import Build
from tests.factories import (
    CampaignFactory,
    CollectionFactory,
    CriterionFactory,
    JudgmentFactory,
    MemberFactory,
    PreferenceFactory,
    PromptFactory,
    PromptGroupFactory,
    RatingFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def tasks(acme: Workspace) -> list[Task]:
    """Forty rated answers in groups of their own: two people agree on truth and not on tone."""
    campaign = CampaignFactory.create(workspace=acme, type="rating")
    collection = CollectionFactory.create(workspace=acme)
    truth, tone = (
        CriterionFactory.create(version=campaign.rubric_version, slug=slug)
        for slug in ("truth", "tone")
    )
    people = MemberFactory.create_batch(2, workspace=acme)
    tasks = []
    for nth in range(40):
        group = PromptGroupFactory.create(workspace=acme, split="train")
        prompt = PromptFactory.create(collection=collection, group=group)
        task = TaskFactory.create(campaign=campaign, prompt=prompt)
        for place, member in enumerate(people):
            said(
                task, member, {truth: 5 if nth % 2 else 2, tone: 5 if (nth // 2 + place) % 2 else 1}
            )
        tasks.append(task)
    return tasks


def said(task: Task, member: Any, values: dict[Criterion, int]) -> None:
    judgment = JudgmentFactory.create(task=task, member=member)
    for criterion, value in values.items():
        RatingFactory.create(judgment=judgment, criterion=criterion, value=value)


def told(build: DatasetBuild) -> dict[str, dict[str, Any]]:
    return {each["question"]: each for each in build.manifest["agreement"]["questions"]}


def test_only_questions_that_reach_the_bar_count(tasks: list[Task], build: Build) -> None:
    """Truth is 5 for every second answer and people agree on it; tone is their opposite."""
    everything, made = build("sft", min_rating=4.5), build("sft", min_rating=4.5, min_agreement=0.6)

    assert everything.rows["train"] == 0  # tone draws each mean to 4 and under
    assert everything.manifest["agreement"] == {}
    assert made.rows["train"] == 20
    questions = told(made)
    assert (questions["truth"]["counts"], questions["truth"]["why"]) == (True, "")
    assert questions["tone"]["counts"] is False
    assert "under 0.60" in questions["tone"]["why"]
    assert made.manifest["agreement"]["answers_left_out"] == 80
    assert "80 answers to them are left out: tone (the lower end" in card(made)


def card(build: DatasetBuild) -> str:
    from evalhub.datasets.manifest import card_of

    return card_of(build.manifest)


def test_the_figure_is_the_one_of_the_report_on_agreement(tasks: list[Task], build: Build) -> None:
    reported = {
        each["question"]: each["alpha"]
        for each in agreement_report(Read(tasks[0].campaign))["questions"]
    }

    for name, each in told(build("sft", min_agreement=0.6)).items():
        for end, ours in (("value", "alpha"), ("low", "low"), ("high", "high")):
            assert each[ours] == pytest.approx(reported[name][end], abs=1e-6)


def test_where_nothing_is_shown_the_question_does_not_count(
    compared: list[Task], build: Build
) -> None:
    """Each pair was compared by one person alone."""
    made = build(min_agreement=-1)

    assert sum(made.rows.values()) == 0
    assert told(made)["overall"]["why"] == "nothing was answered by two people"
    assert made.manifest["left_out"]["low_agreement"]["count"] == len(compared)
    reasons = {line["reason"] for line in lines_of(made, "left_out.jsonl")}
    assert reasons == {"low_agreement"}


def test_a_verdict_does_not_make_agreement_of_disagreement(acme: Workspace, build: Build) -> None:
    """Two people disagree on every pair, and each pair is decided."""
    campaign = CampaignFactory.create(workspace=acme)
    for nth in range(30):
        task = TaskFactory.create(
            campaign=campaign, prompt__group__split="train", prompt__collection__workspace=acme
        )
        for margin in (2, -2):
            PreferenceFactory.create(
                judgment=JudgmentFactory.create(task=task), margin=margin if nth % 2 else -margin
            )
        PreferenceFactory.create(
            judgment=JudgmentFactory.create(task=task, is_verdict=True), margin=2
        )

    assert build().rows["train"] == 30
    made = build(min_agreement=0)
    assert made.rows["train"] == 0
    assert told(made)["overall"]["alpha"] < 0


def test_a_question_counts_in_the_campaign_where_people_agree(
    tasks: list[Task], build: Build, acme: Workspace
) -> None:
    """The same rubric version in a second campaign, where nobody judged twice."""
    first = tasks[0].campaign
    second: Campaign = CampaignFactory.create(
        workspace=acme, type="rating", rubric_version=first.rubric_version
    )
    truth = Criterion.objects.get(version=first.rubric_version, slug="truth")
    task = TaskFactory.create(
        campaign=second, prompt__group__split="train", prompt__collection__workspace=acme
    )
    said(task, MemberFactory.create(workspace=acme), {truth: 5})

    made = build("sft", min_rating=4.5, min_agreement=0.6)

    assert made.rows["train"] == 20
    counts = [
        (each["campaign"], each["counts"])
        for each in made.manifest["agreement"]["questions"]
        if each["question"] == "truth"
    ]
    assert counts == [(str(first.uid), True), (str(second.uid), False)]
    assert verify_build(made, rebuild=True)[-1].wrong == 0
