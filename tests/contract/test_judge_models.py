"""What a model says stands in no figure of people's, wherever judgments are counted, unless a lead asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import progress_of
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.services import start_build
from evalhub.jobs.jobs import execute
from evalhub.judges.models import Judge
from evalhub.judgments.models import Judgment
from evalhub.judgments.pace import people_of
from evalhub.judgments.pay.earned import earned_in
from evalhub.judgments.price import seen_in
from evalhub.judgments.scores import mean_ratings
from evalhub.loops.figures import new_judgments
from evalhub.loops.policy import Policy
from evalhub.quality.disputing import disputes_in
from evalhub.quality.settling import answered, consensus_by, fit_for
from evalhub.quality.verifying import verify_all
from evalhub.reports.leaderboard import leaderboard_report
from evalhub.reports.making import REPORTS
from evalhub.reports.read import Read
from tests import factories as make
from tests.evalhub.judges.scenes import (
    a_campaign,
    a_judge,
    judged,
    preferred,
    prefers_good,
    replying,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    campaign = a_campaign(alice, tasks=4)
    first, second = (make.MemberFactory.create(workspace=alice.workspace) for _ in range(2))
    for nth, task in enumerate(campaign.tasks.order_by("pk")):
        preferred(task, first, 1)
        preferred(task, second, 1 if nth else -1)
    make.PayRateFactory.create(campaign=campaign, since=datetime(2020, 1, 1, tzinfo=UTC))
    return campaign


@pytest.fixture
def judge(campaign: Campaign, alice: Member) -> Judge:
    return a_judge(campaign, alice)


def figures(campaign: Campaign) -> dict[str, Any]:
    """Everything that is told of a campaign, or of its workspace, out of judgments."""
    asked = answered(campaign)
    loop = make.LoopFactory.create(
        workspace=campaign.workspace, collection=campaign.tasks.order_by("pk")[0].prompt.collection
    )
    shown = [each.pk for task in campaign.tasks.all() for each in task.completions.all()]
    earned = earned_in(campaign.workspace, begin=None, end=datetime(2100, 1, 1, tzinfo=UTC))
    return {
        **{kind: make_report(Read(campaign)) for kind, make_report in REPORTS.items()},
        "consensus": [
            str(each)
            for each in disputes_in(campaign, consensus_by(fit_for(campaign, asked), asked))
        ],
        "counted": Judgment.objects.counted().filter(workspace=campaign.workspace).count(),
        "own words": Judgment.objects.own_words().filter(workspace=campaign.workspace).count(),
        "progress": progress_of(campaign),
        "people": [(each.member, each.judged) for each in people_of(campaign)],
        "pay": [(each.member, each.judgments) for each in earned],
        "price": seen_in(campaign).assumed,
        "scores": mean_ratings(shown),
        "new for a loop": new_judgments(loop, Policy()).count(),
        "dataset": a_build(campaign).digest,
    }


def a_build(campaign: Campaign, **definition: Any) -> DatasetBuild:
    """By the defaults of a definition."""
    dataset = make.DatasetFactory.create(
        workspace=campaign.workspace, definition={"near_duplicates": False} | definition
    )
    build = start_build(dataset=dataset)
    execute(build.job.uid)
    build.refresh_from_db()
    assert build.is_built, build.job.error
    return build


def test_a_judge_changes_no_figure_of_people(
    campaign: Campaign, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = figures(campaign)
    replying(monkeypatch, prefers_good)
    judging = judged(judge, campaign)
    assert Judgment.objects.filter(source="model").count() == 4
    assert figures(campaign) == before
    assert [each.name for each in verify_all() if each.wrong] == []
    assert judging.campaign.state == "closed"


def test_nor_does_what_a_model_said_in_a_campaign_of_people(campaign: Campaign) -> None:
    """As a file that was imported may hold it, beside what people said."""
    before = figures(campaign)
    model = make.MemberFactory.create(workspace=campaign.workspace, user=None, kind="imported", roles=[])  # fmt: skip
    for task in campaign.tasks.all():
        preferred(task, model, -3, source="model")
    assert figures(campaign) == before


def test_a_lead_who_asks_for_the_judge_s_own_campaign_gets_its_words(
    campaign: Campaign, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    replying(monkeypatch, prefers_good)
    judging = judged(judge, campaign)
    (board,) = leaderboard_report(Read(judging.campaign))["boards"]
    assert board["judgments"] == 4
