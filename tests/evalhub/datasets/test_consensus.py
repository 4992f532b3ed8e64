"""Pairs that are as sure as their people can be relied on, and tasks that somebody decided."""

from __future__ import annotations

from typing import Any

import pytest

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import rows_of
from evalhub.datasets.services import start_build
from evalhub.jobs.jobs import execute
from evalhub.judgments.body import Answers, PreferenceGiven
from evalhub.judgments.services.verdict import store_verdict
from evalhub.quality.models import ReliabilityFit
from tests import factories as make
from tests.evalhub.datasets.conftest import Build
from tests.evalhub.quality.crowd import crowd, vote

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(acme: Workspace) -> Campaign:
    return make.CampaignFactory.create(workspace=acme, type="comparison", overlap=4)


def rows(build: DatasetBuild) -> dict[str, dict[str, Any]]:
    """By the text of the better answer."""
    found = [row for split in ("train", "validation", "test") for row in rows_of(build, split)]
    return {row["chosen"][0]["content"]: row for row in found}


def decide(task: Any, by: Member) -> None:
    answers = Answers(preferences=[PreferenceGiven(criterion=None, choice="B", strength=1)])
    store_verdict(task=task, answers=answers, by=by)


def test_by_reliability_a_pair_is_as_sure_as_its_people(campaign: Campaign, build: Build) -> None:
    crowd(campaign, tasks=60, people=9, guessing=3)
    careless, careful = (
        campaign.workspace.members.get(pseudonym=f"person-{nth}") for nth in (0, 8)
    )
    by_one = [make.TaskFactory.create(campaign=campaign) for _ in range(2)]
    vote(by_one[0], careless, 1)
    vote(by_one[1], careful, 1)
    made = build(consensus="reliability")
    found = rows(made)
    sure = [
        found[task.completions.get(placed__place=0).content]["p_chosen"]
        for task in by_one
        if task.completions.get(placed__place=0).content in found
    ]
    assert sure[-1] > 0.75
    assert sure[0] < sure[-1]
    agreed = [row["p_chosen"] for row in found.values() if row["weight"] == 4]
    assert 0.5 < min(agreed) < max(agreed) < 1
    fit = ReliabilityFit.objects.get()
    assert made.manifest["snapshot"]["fits"] == [str(fit.uid)]
    assert build(consensus="reliability").digest == made.digest
    assert {row["p_chosen"] for row in rows(build()).values()} <= {0.5, 0.75, 1.0}


def test_where_it_stood_on_the_page_counts_against_whoever_leans_that_way(
    campaign: Campaign, build: Build, acme: Workspace
) -> None:
    crowd(campaign, tasks=60, people=6, guessing=0)
    leaning = make.MemberFactory.create(workspace=acme, pseudonym="leaning")
    for nth in range(60):
        task = make.TaskFactory.create(campaign=campaign)
        shown = nth % 2
        vote(task, leaning, 1 if shown == 0 else -1, first_shown=shown)
        vote(task, acme.members.get(pseudonym="person-1"), 1)
    plain, against = (make.TaskFactory.create(campaign=campaign) for _ in range(2))
    vote(plain, leaning, 1, first_shown=0)  # as always
    vote(against, leaning, 1, first_shown=1)  # this once for what stood second
    found = rows(build(consensus="reliability"))
    sure = [
        found[task.completions.get(placed__place=0).content]["p_chosen"]
        for task in (plain, against)
    ]
    assert sure[0] < sure[1]


def test_a_verdict_takes_the_place_of_what_people_said(
    campaign: Campaign, build: Build, alice: Member
) -> None:
    task = make.TaskFactory.create(campaign=campaign)
    for _ in range(3):
        vote(task, make.MemberFactory.create(workspace=campaign.workspace), 1)
    first, second = (each.completion.content for each in task.placed.order_by("place"))
    assert list(rows(build())) == [first]
    decide(task, alice)
    made = build()
    assert list(rows(made)) == [second]
    assert rows(made)[second]["weight"] == 1
    assert made.manifest["judgments"]["set_aside"] == 3
    without = build(verdicts="leave_out")
    assert list(rows(without)) == [first]
    assert without.manifest["judgments"]["set_aside"] == 1
    assert rows(build(consensus="reliability"))[second]["p_chosen"] == 1


def test_a_build_made_again_does_not_know_a_later_verdict(
    campaign: Campaign, build: Build, alice: Member
) -> None:
    task = make.TaskFactory.create(campaign=campaign)
    vote(task, make.MemberFactory.create(workspace=campaign.workspace), 1)
    made = build()
    decide(task, alice)
    assert build().digest != made.digest
    again = start_build(dataset=made.dataset)
    type(again).objects.filter(pk=again.pk).update(snapshot=made.snapshot)
    execute(again.job.uid)
    again.refresh_from_db()
    assert again.digest == made.digest
