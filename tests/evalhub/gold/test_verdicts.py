"""Who passed which gold, and the alarm when the gold looks wrong."""

from __future__ import annotations

from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.gold.jobs.verdicts import judge_again, judge_gold
from evalhub.gold.models import GoldVerdict
from evalhub.gold.queries import passed_by
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.gold import set_gold_rule
from evalhub.notifications.models import Notification
from tests.conftest import cast_member
from tests.evalhub.gold.conftest import gold_in, judged, said
from tests.factories import GoldVerdictFactory, JudgmentFactory, TaskFactory

pytestmark = pytest.mark.django_db


def test_a_judgment_of_gold_passes_or_fails_once(campaign: Campaign, bob: Member) -> None:
    gold, other = gold_in(campaign), gold_in(campaign)
    judgment = said(gold.task, bob, 1)
    for _ in range(2):  # the news may come twice
        judge_gold(judgment=judgment.uid)
    judged(other.task, bob, -1)
    assert list(GoldVerdict.objects.order_by("pk").values_list("passed", flat=True)) == [
        True,
        False,
    ]
    share = passed_by(bob)
    assert (share.part, share.n) == (1, 2)


def test_a_normal_task_and_a_judgment_that_may_still_be_withdrawn_have_no_verdict(
    campaign: Campaign, bob: Member, settings: Any
) -> None:
    settings.EVALHUB_UNDO_SECONDS = 30
    assert judged(TaskFactory.create(campaign=campaign), bob, 1) is None
    young = said(gold_in(campaign).task, bob, 1)
    Judgment.objects.filter(pk=young.pk).update(created_at=young.assignment.claimed_at)
    assert judge_gold(judgment=young.uid) is None


def test_a_revision_changes_no_verdict(campaign: Campaign, bob: Member) -> None:
    """By then they may have read what the expert says."""
    first = said(gold_in(campaign).task, bob, -1)
    judge_gold(judgment=first.uid)
    second = JudgmentFactory.create(
        task=first.task, member=bob, assignment=first.assignment, supersedes=first
    )
    assert judge_gold(judgment=second.uid) is None
    judge_again(task=first.task.uid)
    assert [row.passed for row in GoldVerdict.objects.all()] == [False]


def test_nobody_is_measured_by_their_own_answer(
    campaign: Campaign, alice: Member, bob: Member
) -> None:
    """Neither the expert who wrote it nor whoever's judgment became it."""
    task = TaskFactory.create(campaign=campaign, kind="gold", overlap=3, open_places=3)
    own = said(task, bob, 1)
    gold_in(campaign, task=task, written_by=alice, source=own)
    assert judge_gold(judgment=own.uid) is None
    assert judged(task, alice, -1) is None


def test_another_rule_scores_everybody_anew(campaign: Campaign, alice: Member, bob: Member) -> None:
    gold = gold_in(campaign)
    judged(gold.task, bob, 0)
    assert not passed_by(bob).part
    set_gold_rule(
        answer=gold, tolerance=0, also={"preference": ["tie"]}, cannot_tell_fails=False, by=alice
    )
    assert judge_again(task=gold.task.uid) == 1
    assert passed_by(bob).part == 1


def good_at_gold(member: Member, campaign: Campaign, passed: int = 5) -> None:
    for nth in range(5):
        GoldVerdictFactory.create(
            judgment__task__campaign=campaign, judgment__member=member, passed=nth < passed
        )


def test_the_leads_are_told_once_when_good_people_fail_a_gold(
    campaign: Campaign, alice: Member, bob: Member, olga: Member
) -> None:
    """Dora and Emil passed 4 and 5 of 5 others; bob 3 of 5, so he says nothing about it."""
    dora, emil, fritz = (
        cast_member(name, bob.workspace, "annotator") for name in ["dora", "emil", "fritz"]
    )
    for member, passed in ((bob, 3), (dora, 4), (emil, 5), (fritz, 5)):
        good_at_gold(member, campaign, passed)
    gold = gold_in(campaign, task__overlap=5, task__open_places=5)
    for member in (bob, dora):
        judged(gold.task, member, -1)
    assert not Notification.objects.exists()  # one of them may be wrong
    for member in (emil, fritz):
        judged(gold.task, member, -1)
    gold.refresh_from_db()
    assert gold.doubted_at is not None
    told = Notification.objects.order_by("member")
    assert {row.member for row in told} == {alice, olga}
    assert [row.path for row in told] == [f"/w/acme/gold/{gold.uid}/"] * 2


def test_a_gold_that_most_good_people_pass_is_in_no_doubt(campaign: Campaign, bob: Member) -> None:
    people = [cast_member(f"p{nth}", bob.workspace, "annotator") for nth in range(5)]
    for member in people:
        good_at_gold(member, campaign)
    gold = gold_in(campaign, task__overlap=5, task__open_places=5)
    for member, margin in zip(people, (1, 1, 1, -1, -1), strict=True):
        judged(gold.task, member, margin)
    gold.refresh_from_db()
    assert gold.doubted_at is None
