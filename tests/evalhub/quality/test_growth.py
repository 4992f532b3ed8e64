"""A task's overlap grows where people disagree, and nowhere else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.steering import repeat_task
from evalhub.jobs.jobs import deliver_waiting
from evalhub.judgments.body import Answers, PreferenceGiven, RatingGiven, SubmitBody
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.submit import submit_judgment
from evalhub.judgments.services.verdict import store_verdict
from evalhub.quality.growth import grow_if_undecided
from evalhub.quality.scope import Scope
from evalhub.quality.services import take_snapshot
from evalhub.stats.settled import is_close, is_decided
from tests.factories import CampaignFactory, CriterionFactory, MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("answers", "decided"),
    [
        ("", True),
        ("A", True),
        ("AA", True),
        ("AB", False),
        ("AAB", False),
        ("AAAB", True),
        ("ABC", False),
    ],
)
def test_an_answer_is_ahead_by_two_or_nothing_is_decided(answers: str, decided: bool) -> None:  # noqa: FBT001
    assert is_decided(answers) == decided


@pytest.mark.parametrize(
    ("values", "close"),
    [
        ([], True),
        ([1], True),
        ([4, 5], True),
        ([1, 5], False),
        ([4, 4, 1], False),
        ([4, 4, 3, 1], True),
        ([1, 1, 5, 5], False),
    ],
)
def test_on_a_scale_a_step_apart_is_agreement(values: list[int], close: bool) -> None:  # noqa: FBT001
    assert is_close(values) == close


def judged(campaign: Campaign, *answers: dict[str, object]) -> Task:
    """Each answer by another person; then what they caused has happened."""
    for answer in answers:
        member = MemberFactory.create(workspace=campaign.workspace)
        lease = claim_next(campaign=campaign, member_pk=member.pk)
        assert lease is not None
        body = SubmitBody(token=lease.token, submission_id=uuid4(), **answer)  # type: ignore[arg-type]
        submit_judgment(assignment=lease.assignment, member_pk=member.pk, body=body)
        deliver_waiting()
    return campaign.tasks.get()


def prefers(choice: str) -> dict[str, object]:
    return {"preferences": [PreferenceGiven(choice=choice)]}


def compared(bob: Member, **more: object) -> Campaign:
    """One task for two, shown to everybody in the same order, so that A is the same response."""
    campaign = CampaignFactory.create(workspace=bob.workspace, overlap=2, most_overlap=4, **more)
    TaskFactory.create(campaign=campaign)
    return campaign


def test_two_who_disagree_make_room_for_a_third_and_so_on_up_to_the_most(bob: Member) -> None:
    """Sides alternate: who sees the second first and says A speaks for the second."""
    task = judged(compared(bob), prefers("A"), prefers("A"))
    assert (task.overlap, task.open_places, task.judged) == (3, 1, 2)
    task = judged(task.campaign, prefers("A"), prefers("A"))
    assert (task.overlap, task.open_places, task.judged) == (4, 0, 4)


def test_a_verdict_is_enough(bob: Member) -> None:
    campaign = compared(bob)
    answers = Answers(preferences=[PreferenceGiven(choice="A")])
    store_verdict(task=campaign.tasks.get(), answers=answers, by=bob)
    assert judged(campaign, prefers("A"), prefers("A")).overlap == 2


def test_two_who_agree_are_enough(bob: Member) -> None:
    task = judged(compared(bob), prefers("A"), prefers("B"))
    assert (task.overlap, task.open_places) == (2, 0)


def test_without_a_most_nothing_grows(bob: Member) -> None:
    campaign = compared(bob)
    Campaign.objects.update(most_overlap=None)
    assert judged(campaign, prefers("A"), prefers("A")).overlap == 2


def test_news_that_comes_twice_grows_a_task_once(bob: Member) -> None:
    task = judged(compared(bob), prefers("A"), prefers("A"))
    for judgment in Judgment.objects.all():
        assert not grow_if_undecided(judgment=judgment.uid)
    assert Task.objects.get().overlap == task.overlap == 3


def test_a_repeat_never_counts_beside_the_first_word(bob: Member) -> None:
    task = judged(compared(bob), prefers("A"))
    first = Judgment.objects.get()
    repeat = repeat_task(task=task, member=first.member, due_at=timezone.now())
    lease = claim_next(campaign=task.campaign, member_pk=first.member_id)
    assert lease is not None
    assert lease.task == repeat.uid
    body = SubmitBody(token=lease.token, submission_id=uuid4(), **prefers("A"))  # type: ignore[arg-type]
    submit_judgment(assignment=lease.assignment, member_pk=first.member_id, body=body)
    scope = Scope(snapshot=take_snapshot(bob.workspace), sources=(Source.HUMAN,))
    assert [each.uid for each in scope.judgments()] == [first.uid]


def test_points_of_a_scale_far_apart_make_it_grow(bob: Member) -> None:
    campaign = compared(bob, type="rating", asks=[])
    slug = CriterionFactory.create(version=campaign.rubric_version).slug

    def rates(value: int) -> dict[str, object]:
        return {"ratings": [RatingGiven(response="A", criterion=slug, value=value)]}

    assert judged(campaign, rates(5), rates(2)).overlap == 3
    assert judged(campaign, rates(4)).overlap == 4


def test_rankings_with_different_winners_make_it_grow(bob: Member) -> None:
    campaign = compared(bob, type="ranking", asks=[])
    ranked: dict[str, object] = {"ranking": [["A"], ["B"], ["C"]]}
    assert judged(campaign, ranked, ranked).overlap == 3  # each sees another one as A


@pytest.mark.parametrize(("fourth", "overlap"), [("B", 4), ("A", 5)])
def test_a_task_waits_for_a_word_that_can_still_be_withdrawn(
    bob: Member, settings: Any, fourth: str, overlap: int
) -> None:
    """Two for one side and one for the other; the fourth, seconds old, makes it 3:1 or 2:2."""
    settings.EVALHUB_UNDO_SECONDS = 30
    campaign = CampaignFactory.create(workspace=bob.workspace, overlap=4, most_overlap=6)
    TaskFactory.create(campaign=campaign, overlap=4)
    judged(campaign, *[prefers("A")] * 3, prefers(fourth))
    *_, third, last = Judgment.objects.order_by("pk")
    now = timezone.now()
    Judgment.objects.exclude(pk=last.pk).update(created_at=now - timedelta(seconds=31))
    Judgment.objects.filter(pk=last.pk).update(created_at=now - timedelta(seconds=10))
    assert not grow_if_undecided(judgment=third.uid)
    assert Task.objects.get().overlap == 4
    Judgment.objects.filter(pk=last.pk).update(created_at=now - timedelta(seconds=31))
    grow_if_undecided(judgment=last.uid)
    assert Task.objects.get().overlap == overlap
