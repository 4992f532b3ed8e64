"""Judgments under two versions of a rubric, through to the rows of a build."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.datasets.queries import rows_of
from evalhub.judgments.choices import Source
from evalhub.quality.evidence import Evidence, Mark, Pair
from evalhub.quality.scope import Scope
from evalhub.quality.services import take_snapshot
from evalhub.rubrics.carried import Decision
from evalhub.rubrics.carrying import set_carry_rules
from evalhub.rubrics.models import Carrying, Criterion, RubricVersion
from evalhub.rubrics.services import new_version, publish_version
from tests.evalhub.datasets.conftest import Build
from tests.evalhub.quality.gathered import gathered
from tests.factories import (
    CampaignFactory,
    CollectionFactory,
    CriterionFactory,
    JudgmentFactory,
    PreferenceFactory,
    PromptFactory,
    PromptGroupFactory,
    RatingFactory,
    RubricVersionFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def first(acme: Workspace) -> RubricVersion:
    version = RubricVersionFactory.create(
        rubric__workspace=acme, number=1, published_at=timezone.now()
    )
    CriterionFactory.create(version=version, slug="truth", position=0)
    return version


@pytest.fixture
def rated(first: RubricVersion) -> Task:
    """Under version 1 somebody gave 5 to the one answer and 1 to the other."""
    return rated_under(first, 5, 1)


def rated_under(version: RubricVersion, *values: int) -> Task:
    workspace = version.rubric.workspace
    campaign = CampaignFactory.create(workspace=workspace, rubric_version=version)
    prompt = PromptFactory.create(
        collection=CollectionFactory.create(workspace=workspace),
        group=PromptGroupFactory.create(workspace=workspace, split="train"),
    )
    task = TaskFactory.create(campaign=campaign, prompt=prompt)
    rate(task, *values)
    return task


def rate(task: Task, *values: int) -> None:
    judgment = JudgmentFactory.create(task=task)
    criterion = task.campaign.rubric_version.criteria.get(slug="truth")
    for completion, value in zip(task.completions.order_by("placed__place"), values, strict=True):
        RatingFactory.create(
            judgment=judgment, completion=completion, criterion=criterion, value=value
        )


def next_version(version: RubricVersion, **changes: Any) -> RubricVersion:
    draft = new_version(rubric=version.rubric)
    Criterion.objects.filter(version=draft, slug="truth").update(**changes)
    return publish_version(version=draft)


def say(version: RubricVersion, rule: str, values: dict[int, int], by: Member) -> None:
    told = {"truth": Decision(Carrying(rule), values, is_said=True)}
    set_carry_rules(version=version, rules=told, by=by)


def evidence(task: Task, *campaigns: Campaign) -> Evidence:
    uids = tuple(each.uid for each in campaigns)
    scope = Scope(take_snapshot(task.campaign.workspace), (Source.HUMAN,), campaigns=uids)
    return gathered(scope)[task.prompt_id]


def values_of(task: Task) -> list[list[float]]:
    found = evidence(task).marks
    keys = task.completions.order_by("placed__place").values_list("pk", flat=True)
    return [found[Mark(key, "truth")].values for key in keys if Mark(key, "truth") in found]


def test_alone_a_version_counts_as_it_is(rated: Task, first: RubricVersion) -> None:
    next_version(first, question="How true is it?")  # nobody has judged by it
    assert values_of(rated) == [[5], [1]]
    assert not evidence(rated).carried


def test_what_did_not_change_is_kept(rated: Task, first: RubricVersion) -> None:
    rated_under(next_version(first, weight=3), 4, 2)
    assert values_of(rated) == [[5], [1]]
    found = evidence(rated)
    assert found.carried == {"kept": 2}
    assert {marks.weight for marks in found.marks.values()} == {3}


def test_what_changed_waits_for_a_lead(rated: Task, first: RubricVersion, alice: Member) -> None:
    second = next_version(first, question="How true is it?")
    rated_under(second, 4, 2)
    assert values_of(rated) == []
    assert evidence(rated).carried == {"left": 2}

    say(second, "keep", {}, alice)
    assert values_of(rated) == [[5], [1]]
    say(second, "again", {}, alice)
    assert values_of(rated) == []


def test_a_map_gives_each_value_its_place_on_the_new_scale(
    rated: Task, first: RubricVersion, alice: Member
) -> None:
    """5 of 5 becomes 3 of 3, which is 5 on the common scale; 1 is in no row of the table."""
    second = next_version(first, high=3, anchors={"1": "a", "2": "b", "3": "c"})
    rated_under(second, 3, 1)
    say(second, "map", {5: 3, 4: 2}, alice)

    assert values_of(rated) == [[5]]
    assert evidence(rated).carried == {"mapped": 1, "left": 1}


def test_rules_follow_one_another_over_three_versions(
    rated: Task, first: RubricVersion, alice: Member
) -> None:
    """5 becomes 3 of 3, and 3 of 3 is yes: 5 on the common scale. 1 becomes 1, and 1 is no: 1."""
    second = next_version(first, high=3, anchors={"1": "a", "2": "b", "3": "c"})
    third = next_version(second, kind="yes_no", low=0, high=1, anchors={})
    rated_under(third, 1, 0)
    say(second, "map", {5: 3, 1: 1}, alice)
    say(third, "map", {3: 1, 1: 0}, alice)
    assert values_of(rated) == [[5], [1]]

    say(second, "again", {}, alice)
    assert values_of(rated) == []


def test_a_comparison_counts_only_where_answers_are_kept(
    rated: Task, first: RubricVersion, alice: Member
) -> None:
    truth = first.criteria.get()
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=rated), criterion=truth)
    second = next_version(first, question="How true is it?")
    rated_under(second, 4, 2)
    one, other = rated.completions.order_by("pk").values_list("pk", flat=True)
    pair = Pair(one, other, "truth")

    say(second, "map", {5: 5}, alice)
    assert pair not in evidence(rated).votes
    say(second, "keep", {}, alice)
    assert pair in evidence(rated).votes


def test_an_earlier_snapshot_keeps_the_rules_of_its_time(
    rated: Task, first: RubricVersion, alice: Member
) -> None:
    second = next_version(first, question="How true is it?")
    rated_under(second, 4, 2)
    before = Scope(take_snapshot(rated.campaign.workspace), (Source.HUMAN,))
    say(second, "keep", {}, alice)
    assert gathered(before)[rated.prompt_id].carried == Counter(left=2)


def test_a_build_takes_rows_by_the_rules_and_says_how_many(
    rated: Task, first: RubricVersion, alice: Member, build: Build
) -> None:
    second = next_version(first, question="How true is it?")
    newer = rated_under(second, 2, 5)

    made = build("preference", near_duplicates=False)
    [row] = rows_of(made, "train")
    assert row["prompt"] == newer.prompt.messages
    assert made.manifest["earlier_versions"] == {"kept": 0, "mapped": 0, "left": 2}

    say(second, "map", {5: 1, 1: 5}, alice)  # the scale was turned round
    turned = build("preference", near_duplicates=False)
    rows = {row["prompt"][0]["content"]: row for row in rows_of(turned, "train")}
    low, high = rated.completions.order_by("placed__place")
    row = rows[rated.prompt.messages[0]["content"]]
    assert len(rows) == 2
    assert row["chosen"][0]["content"] == high.content
    assert row["rejected"][0]["content"] == low.content
    assert turned.manifest["earlier_versions"] == {"kept": 0, "mapped": 2, "left": 0}


def test_the_older_campaign_alone_builds_as_before(
    rated: Task, first: RubricVersion, build: Build
) -> None:
    rated_under(next_version(first, question="How true is it?"), 4, 2)
    made = build("preference", campaigns=[str(rated.campaign.uid)], near_duplicates=False)
    assert made.rows["train"] == 1
    assert made.manifest["earlier_versions"] == {"kept": 0, "mapped": 0, "left": 0}
