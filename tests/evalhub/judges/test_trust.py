"""Nobody relies on a judge before its agreement with people is known and meets a lead's bar."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.services import start_build
from evalhub.jobs.jobs import execute
from evalhub.judges.errors import BadJudge, BarNotMet, JudgeNotAccepted
from evalhub.judges.models import Judge
from evalhub.judges.services import accept_judge, measure_again, revoke_acceptance, write_prompt
from evalhub.judges.trusting import latest_report
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
BAR: dict[str, Any] = {"least": 0.6, "fewest": 20}


@pytest.fixture
def people(alice: Member) -> list[Member]:
    return [make.MemberFactory.create(workspace=alice.workspace) for _ in range(2)]


@pytest.fixture
def campaign(alice: Member, people: list[Member]) -> Campaign:
    """Twenty pairs; two people say that the good one is better, and every fifth time that it is worse."""
    campaign = a_campaign(alice, tasks=20)
    for nth, task in enumerate(campaign.tasks.order_by("pk")):
        for member in people:
            preferred(task, member, -1 if nth % 5 == 0 else 1)
    return campaign


@pytest.fixture
def judge(campaign: Campaign, alice: Member) -> Judge:
    return a_judge(campaign, alice)


def says_as_people(task: str) -> str:
    """The good one, and every fifth time the other."""
    number = int(task.split("Question of good ")[1].split("?")[0])
    best = "poor" if number % 5 == 0 else "good"
    turned = {"good": "poor", "poor": "good"}
    return prefers_good(task.replace(best, "#").replace(turned[best], "poor").replace("#", "good"))


def a_build(judge: Judge, **definition: Any) -> DatasetBuild:
    dataset = make.DatasetFactory.create(
        workspace=judge.workspace, definition={"near_duplicates": False} | definition
    )
    return start_build(dataset=dataset)


def test_agreement_stands_beside_that_of_people_with_intervals(
    judge: Judge, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It always prefers the good one, people in 16 of 20: the same answer 80 times in a hundred."""
    replying(monkeypatch, prefers_good)
    judged(judge, campaign)
    report = latest_report(judge.prompts.get())
    assert report is not None
    (overall,) = report.body["questions"]
    assert (overall["question"], overall["both"], overall["people_answers"]) == ("overall", 20, 40)
    assert overall["percent"]["value"] == pytest.approx(0.8)
    assert overall["percent"]["low"] < 0.8 < overall["percent"]["high"]
    assert overall["alpha"]["value"] < 0.1, "a constant is no better than chance"
    assert overall["people_alpha"]["value"] == overall["people_percent"]["value"] == 1.0
    assert report.body["pairs"]["overall"]["inconsistent"]["value"] == 0
    assert (report.body["unreadable"]["value"], report.body["unreadable"]["n"]) == (0, 40)
    assert (report.body["requests"], report.body["cost"]) == (40, 0.25)


def test_a_bar_that_is_not_met_is_refused_with_the_figures(
    judge: Judge, campaign: Campaign, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BarNotMet, match="has not been compared"):
        accept_judge(judge=judge, by=alice, **BAR)
    replying(monkeypatch, prefers_good)
    judged(judge, campaign)
    with pytest.raises(BarNotMet, match=r"overall: alpha -0\.\d\d with people.* reach 0\.60"):
        accept_judge(judge=judge, by=alice, **BAR)
    with pytest.raises(BarNotMet, match="20 judged by both, of 50"):
        accept_judge(judge=judge, least=0.6, fewest=50, by=alice)
    with pytest.raises(BadJudge, match="A bar is"):
        accept_judge(judge=judge, least=0.0, fewest=20, by=alice)


def test_a_build_counts_a_judge_only_once_a_lead_has_accepted_it(
    judge: Judge, campaign: Campaign, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    replying(monkeypatch, says_as_people)
    judged(judge, campaign)
    with pytest.raises(JudgeNotAccepted, match=r"No lead has accepted .*alpha 1\.00"):
        a_build(judge, sources=["human", "model"])
    accept_judge(judge=judge, by=alice, **BAR)
    build = a_build(judge, sources=["model"])
    execute(build.job.uid)
    build.refresh_from_db()
    assert build.is_built, build.job.error
    assert build.manifest["judgments"]["used"] == {"model": {"judgments": 20, "annotators": 1}}
    assert sum(build.rows.values()) == 20
    revoke_acceptance(judge=judge, by=alice)
    with pytest.raises(JudgeNotAccepted):
        a_build(judge, sources=["model"])


def test_a_new_prompt_is_another_judge_and_must_be_accepted_anew(
    judge: Judge, campaign: Campaign, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    replying(monkeypatch, says_as_people)
    judged(judge, campaign)
    accept_judge(judge=judge, by=alice, **BAR)
    write_prompt(judge=judge, version=campaign.rubric_version, instructions="Be kind.", by=alice)
    assert judged(judge, campaign).counts["stored"] == 20
    with pytest.raises(JudgeNotAccepted, match="prompt 2"):
        a_build(judge, sources=["model"])


def test_people_who_judge_on_may_bring_it_below_its_bar(
    judge: Judge, campaign: Campaign, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    replying(monkeypatch, says_as_people)
    judged(judge, campaign)
    accept_judge(judge=judge, by=alice, **BAR)
    another = make.MemberFactory.create(workspace=alice.workspace)
    for task in campaign.tasks.all():
        preferred(task, another, 0)
    execute(measure_again(judge=judge, by=alice).uid)
    with pytest.raises(JudgeNotAccepted, match=r"does not meet the bar .*overall: alpha 0\.\d\d"):
        a_build(judge, sources=["model"])


def test_figures_of_a_part_are_not_relied_on(
    judge: Judge, campaign: Campaign, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has judged since, and the comparison that should follow has not come about."""
    replying(monkeypatch, says_as_people)
    judging = judged(judge, campaign)
    accept_judge(judge=judge, by=alice, **BAR)
    judging.ended_at = timezone.now()
    judging.save()
    with pytest.raises(JudgeNotAccepted, match="compare it with them again"):
        a_build(judge, sources=["model"])
    with pytest.raises(BarNotMet, match="compare it with them again"):
        accept_judge(judge=judge, by=alice, **BAR)
    execute(measure_again(judge=judge, by=alice).uid)
    a_build(judge, sources=["model"])


def test_a_build_that_names_campaigns_without_a_judge_asks_nothing_of_it(
    judge: Judge, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    replying(monkeypatch, prefers_good)
    judged(judge, campaign)
    build = a_build(judge, sources=["human", "model"], campaigns=[str(campaign.uid)])
    execute(build.job.uid)
    build.refresh_from_db()
    assert build.is_built, build.job.error
    used = build.manifest["judgments"]["used"]
    assert (used["human"]["judgments"], used["model"]["judgments"]) == (40, 0)
