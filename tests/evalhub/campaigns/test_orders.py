"""Which task comes next: by priority, spread first, finish first; and what became urgent meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import SHIFTS, TaskOrder
from evalhub.campaigns.errors import LeaseLost
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.services.claim import FROM_THE_FRONT, claim_next, from_rank
from evalhub.campaigns.services.leases import release, skip
from evalhub.campaigns.services.statements import FRESH, LOOKED_AT
from evalhub.campaigns.services.tasks import add_tasks
from evalhub.common.rows import first_row
from evalhub.judgments.services.submit import submit_judgment
from tests.evalhub.campaigns.test_claim import claim, row_of
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    MemberFactory,
    PromptFactory,
    TaskFactory,
)
from tests.races.test_claims import answer_to

pytestmark = pytest.mark.django_db


def campaign_in(bob: Member, order: TaskOrder, **more: Any) -> Campaign:
    return CampaignFactory.create(workspace=bob.workspace, task_order=order, **more)


def tasks_of(campaign: Campaign, lots: Sequence[int], **more: Any) -> list[Task]:
    shift = SHIFTS[TaskOrder(campaign.task_order)]
    return [TaskFactory.create(campaign=campaign, lot=lot, shift=shift, **more) for lot in lots]


def colleagues(bob: Member, count: int) -> list[Member]:
    return MemberFactory.create_batch(count, workspace=bob.workspace)


def got(campaign: Campaign, member: Member) -> UUID:
    return claim(campaign, member).task


@pytest.mark.parametrize(
    ("order", "expected"),
    [("priority", [0, 0, 0, 1]), ("spread", [0, 1, 2, 0]), ("finish", [0, 0, 0, 1])],
)
def test_four_people_come_one_after_the_other(bob: Member, order: str, expected: list[int]) -> None:
    campaign = campaign_in(bob, TaskOrder(order), overlap=3)
    tasks = tasks_of(campaign, [1, 2, 3])
    claimed = [got(campaign, member) for member in colleagues(bob, 4)]
    assert claimed == [tasks[nth].uid for nth in expected]


def test_a_task_that_is_begun_is_finished_before_one_of_higher_priority_is_begun(
    bob: Member,
) -> None:
    campaign = campaign_in(bob, TaskOrder.FINISH, overlap=2)
    (begun,) = tasks_of(campaign, [1], priority=1)
    first, second = colleagues(bob, 2)
    assert got(campaign, first) == begun.uid
    tasks_of(campaign, [2], priority=9)
    assert got(campaign, second) == begun.uid


def test_spread_goes_by_priority_among_tasks_with_equally_many_judgments(bob: Member) -> None:
    campaign = campaign_in(bob, TaskOrder.SPREAD, overlap=2)
    (usual,) = tasks_of(campaign, [1])
    (urgent,) = tasks_of(campaign, [2], priority=9)
    claimed = [got(campaign, member) for member in colleagues(bob, 3)]
    assert claimed == [urgent.uid, usual.uid, urgent.uid]


def test_what_is_handed_back_takes_its_place_in_the_order_again(bob: Member) -> None:
    campaign = campaign_in(bob, TaskOrder.SPREAD, overlap=2)
    first, _second = tasks_of(campaign, [1, 2])
    alice, carol = colleagues(bob, 2)
    lease = claim(campaign, alice)
    assert lease.task == first.uid
    release(assignment=row_of(lease), token=lease.token)
    first.refresh_from_db()
    assert first.rank < first.campaign.tasks.get(lot=2).rank
    assert got(campaign, carol) == first.uid


def test_the_spread_goes_on_where_one_is_not_at_tasks_one_has_done(bob: Member) -> None:
    """The cursor is the rank at which a task was got, not the one it has moved to since."""
    campaign = campaign_in(bob, TaskOrder.SPREAD, overlap=3, hand_size=9)
    tasks = tasks_of(campaign, range(4))
    held: list[UUID] = []
    claimed = []
    for _ in tasks:
        lease = claim(campaign, bob, holding=held)
        held.append(lease.assignment)
        claimed.append(lease)
        assert row_of(lease).rank == lease.rank
    assert [lease.task for lease in claimed] == [task.uid for task in tasks]
    assert [lease.rank for lease in claimed] == [task.rank for task in tasks]


def next_after(campaign: Campaign, member: Member, task: Task) -> UUID:
    """What `member` gets who has just been at `task`."""
    asked = {"campaign": campaign.pk, "member": member.pk, "minutes": 30}
    row = first_row(FRESH, asked | from_rank(task.rank))
    assert row is not None
    found: UUID = row[3]
    return found


def test_a_task_made_urgent_is_next_even_for_those_who_are_past_it(bob: Member) -> None:
    campaign = campaign_in(bob, TaskOrder.PRIORITY)
    first, second, third = tasks_of(campaign, [1, 2, 3])
    assert next_after(campaign, bob, second) == third.uid
    Task.objects.filter(pk=first.pk).update(priority=9)
    assert next_after(campaign, bob, second) == first.uid


def test_whoever_has_had_what_is_urgent_goes_on_where_they_were(bob: Member) -> None:
    campaign = campaign_in(bob, TaskOrder.PRIORITY, overlap=2)
    for task in tasks_of(campaign, range(LOOKED_AT + 1), priority=9):
        AssignmentFactory.create(task=task, member=bob, state="submitted")
    first, second = tasks_of(campaign, [1, 2])
    assert next_after(campaign, bob, first) == second.uid


def test_a_task_left_behind_is_found_before_nothing_is_said_to_be_left(bob: Member) -> None:
    campaign = campaign_in(bob, TaskOrder.PRIORITY)
    first, last = tasks_of(campaign, [1, 2])
    Task.objects.filter(pk=first.pk).update(open_places=0)
    lease = claim(campaign, bob)
    assert lease.task == last.uid
    Task.objects.filter(pk=first.pk).update(open_places=1)
    body = answer_to(lease, more=True)
    submitted = submit_judgment(assignment=lease.assignment, member_pk=bob.pk, body=body)
    assert submitted.next is not None
    assert submitted.next.task == first.uid


def test_tasks_that_are_added_stand_in_the_campaigns_order(bob: Member) -> None:
    campaign = CampaignFactory.create(workspace=bob.workspace, type="label", task_order="finish")
    prompt = PromptFactory.create(collection__workspace=bob.workspace)
    add_tasks(campaign=campaign, items=[(prompt, [])])
    assert campaign.tasks.get().shift == -1


@pytest.mark.parametrize(
    ("requeue", "expected"),
    [("others", ("skipped", 2, 2)), ("back", ("released", 2, 2)), ("nobody", ("skipped", 1, 1))],
)
def test_a_skipped_task_goes_where_the_campaign_says(
    bob: Member, requeue: str, expected: tuple[str, int, int]
) -> None:
    campaign = CampaignFactory.create(workspace=bob.workspace, requeue=requeue, overlap=2)
    task = TaskFactory.create(campaign=campaign)
    lease = claim(campaign, bob)
    for _ in range(2):  # a retry changes nothing
        skip(assignment=row_of(lease), token=lease.token)
    task.refresh_from_db()
    assert (row_of(lease).state, task.overlap, task.open_places) == expected
    again = claim_next(campaign=campaign, member_pk=bob.pk)
    assert (again is not None) == (requeue == "back")


def test_what_was_handed_back_cannot_be_skipped_any_more(bob: Member) -> None:
    campaign = CampaignFactory.create(workspace=bob.workspace)
    TaskFactory.create(campaign=campaign)
    lease = claim(campaign, bob)
    release(assignment=row_of(lease), token=lease.token)
    with pytest.raises(LeaseLost):
        skip(assignment=row_of(lease), token=lease.token)


def test_from_the_front_is_before_every_rank(bob: Member) -> None:
    campaign = campaign_in(bob, TaskOrder.FINISH, overlap=20)
    (task,) = tasks_of(campaign, [0], priority=9)
    Task.objects.update(open_places=1)
    task.refresh_from_db()
    assert task.rank > FROM_THE_FRONT
    assert got(campaign, bob) == task.uid


def test_what_is_begun_comes_first_at_every_claim_however_much_of_it_one_has_had(
    bob: Member,
) -> None:
    """Twenty-five begun tasks that bob has had stand before the one that he has not."""
    campaign = campaign_in(bob, TaskOrder.FINISH, overlap=3, hand_size=60)
    tasks = tasks_of(campaign, range(31))
    other = MemberFactory.create(workspace=bob.workspace)
    for task in [*tasks[:25], tasks[30]]:
        for member in (bob, other) if task != tasks[30] else (other,):
            AssignmentFactory.create(task=task, member=member, state="submitted", rank=task.rank)
        Task.objects.filter(pk=task.pk).update(open_places=1, judged=2)
    assert claim(campaign, bob).task == tasks[30].uid
