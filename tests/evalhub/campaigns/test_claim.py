from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.errors import CampaignNotOpen, HandFull, LeaseLost
from evalhub.campaigns.jobs import return_expired
from evalhub.campaigns.models import Assignment, Campaign, Draft, Task
from evalhub.campaigns.services.claim import Lease, claim_next
from evalhub.campaigns.services.leases import heartbeat, release, save_draft, skip
from tests.factories import CampaignFactory, CompletionFactory, MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    return CampaignFactory.create(workspace=bob.workspace)


def claim(campaign: Campaign, member: Member, **more: Any) -> Lease:
    lease = claim_next(campaign=campaign, member_pk=member.pk, **more)
    assert lease is not None
    return lease


def row_of(lease: Lease) -> Assignment:
    return Assignment.objects.select_related("campaign", "task").get(uid=lease.assignment)


def let_run_out(lease: Lease) -> None:
    Assignment.objects.filter(uid=lease.assignment).update(
        expires_at=timezone.now() - timedelta(hours=1)
    )


def test_a_claim_lends_the_task_of_the_lowest_rank_and_takes_its_place(
    campaign: Campaign, bob: Member
) -> None:
    later, first = (TaskFactory.create(campaign=campaign, lot=lot) for lot in (9, 3))
    lease = claim(campaign, bob)
    assert lease.task == first.uid
    first.refresh_from_db()
    later.refresh_from_db()
    assert (first.open_places, later.open_places) == (0, 1)


def test_responses_come_in_the_order_of_the_stored_permutation(
    campaign: Campaign, bob: Member
) -> None:
    task = TaskFactory.create(campaign=campaign)
    texts = [row.completion.content for row in task.placed.order_by("place")]
    lease = claim(campaign, bob)
    assert [each.content for each in lease.responses] == [
        texts[place] for place in row_of(lease).permutation
    ]


def test_two_annotators_of_a_pair_see_it_in_opposite_orders(
    campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create(campaign=campaign, overlap=2)
    other = MemberFactory.create(workspace=bob.workspace)
    assert claim(campaign, bob).responses == claim(campaign, other).responses[::-1]


def test_what_is_held_and_not_named_comes_back_first(campaign: Campaign, bob: Member) -> None:
    TaskFactory.create_batch(3, campaign=campaign)
    first = claim(campaign, bob)
    again = claim(campaign, bob)
    assert (again.assignment, again.token) == (first.assignment, first.token)
    second = claim(campaign, bob, holding=[first.assignment])
    assert second.assignment != first.assignment


def test_beyond_the_hand_size_nothing_is_lent(campaign: Campaign, bob: Member) -> None:
    TaskFactory.create_batch(3, campaign=campaign)
    held = [claim(campaign, bob).assignment]
    held.append(claim(campaign, bob, holding=held).assignment)
    with pytest.raises(HandFull):
        claim(campaign, bob, holding=held)


def test_nothing_is_lent_when_everything_was_seen(campaign: Campaign, bob: Member) -> None:
    TaskFactory.create(campaign=campaign, overlap=2)
    lease = claim(campaign, bob)
    assert claim_next(campaign=campaign, member_pk=bob.pk, holding=[lease.assignment]) is None


@pytest.mark.parametrize("state", ["draft", "paused", "closed"])
def test_only_an_open_campaign_lends(campaign: Campaign, bob: Member, state: str) -> None:
    TaskFactory.create(campaign=campaign)
    campaign.state = state
    with pytest.raises(CampaignNotOpen):
        claim(campaign, bob)


def test_nobody_judges_a_completion_they_wrote(campaign: Campaign, bob: Member) -> None:
    task = TaskFactory.create(campaign=campaign, completions=[])
    for place, writer in enumerate((None, bob)):
        completion = CompletionFactory.create(prompt=task.prompt, written_by=writer)
        task.placed.create(completion=completion, place=place)
    assert claim_next(campaign=campaign, member_pk=bob.pk) is None
    assert claim(campaign, MemberFactory.create(workspace=bob.workspace))


def test_an_expired_lease_gives_its_place_back_exactly_once(
    campaign: Campaign, bob: Member
) -> None:
    task = TaskFactory.create(campaign=campaign)
    let_run_out(claim(campaign, bob))
    assert [return_expired(), return_expired()] == [1, 0]
    task.refresh_from_db()
    assert task.open_places == 1


def test_two_expired_leases_of_one_task_give_two_places_back(
    campaign: Campaign, bob: Member
) -> None:
    task = TaskFactory.create(campaign=campaign, overlap=3)
    for member in (bob, MemberFactory.create(workspace=bob.workspace)):
        let_run_out(claim(campaign, member))
    assert return_expired() == 2
    task.refresh_from_db()
    assert task.open_places == 3


def test_one_may_have_ones_own_expired_task_again_under_a_new_token(
    campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    before = claim(campaign, bob)
    let_run_out(before)
    return_expired()
    again = claim(campaign, bob)
    assert again.assignment == before.assignment
    assert again.token == before.token + 1


def test_a_lease_past_its_time_but_not_yet_taken_back_gets_a_new_token(
    campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    before = claim(campaign, bob)
    let_run_out(before)
    again = claim(campaign, bob)
    assert (again.assignment, again.token) == (before.assignment, before.token + 1)
    assert again.expires_at > timezone.now()


def test_a_released_task_goes_to_others_and_comes_back_when_nothing_else_is_left(
    campaign: Campaign, bob: Member
) -> None:
    first, second = (TaskFactory.create(campaign=campaign, lot=lot) for lot in (1, 2))
    lease = claim(campaign, bob)
    release(assignment=row_of(lease), token=lease.token)
    assert claim(campaign, bob).task == second.uid
    held = [row.uid for row in Assignment.objects.held()]
    assert claim(campaign, bob, holding=held).task == first.uid


def test_work_that_came_too_late_is_offered_again_before_anything_new(
    campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create_batch(3, campaign=campaign)
    lease = claim(campaign, bob)
    let_run_out(lease)
    return_expired()
    assert save_draft(assignment=row_of(lease), body={"critique": "good"}).late
    assert claim(campaign, bob).assignment == lease.assignment


def test_work_is_too_late_when_its_time_is_over_and_not_only_when_the_task_is_taken_back(
    campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create_batch(3, campaign=campaign)
    lease = claim(campaign, bob)
    let_run_out(lease)
    assert save_draft(assignment=row_of(lease), body={"critique": "good"}).late
    return_expired()
    assert claim(campaign, bob).assignment == lease.assignment


def test_a_skipped_task_reopens_for_others_once_and_never_comes_back(
    campaign: Campaign, bob: Member
) -> None:
    task = TaskFactory.create(campaign=campaign)
    lease = claim(campaign, bob)
    skip(assignment=row_of(lease), token=lease.token)
    skip(assignment=row_of(lease), token=lease.token)  # a retry
    task.refresh_from_db()
    assert task.open_places == 1
    assert claim_next(campaign=campaign, member_pk=bob.pk) is None
    assert claim(campaign, MemberFactory.create(workspace=bob.workspace)).task == task.uid


def test_a_stale_token_can_neither_give_back_nor_renew(campaign: Campaign, bob: Member) -> None:
    TaskFactory.create(campaign=campaign)
    lease = claim(campaign, bob)
    for act in (release, skip, heartbeat):
        with pytest.raises(LeaseLost):
            act(assignment=row_of(lease), token=lease.token + 1)
    assert row_of(lease).state == "held"


def test_a_heartbeat_renews_the_lease(campaign: Campaign, bob: Member) -> None:
    TaskFactory.create(campaign=campaign)
    lease = claim(campaign, bob)
    soon = timezone.now() + timedelta(minutes=1)
    Assignment.objects.filter(uid=lease.assignment).update(expires_at=soon)
    assert heartbeat(assignment=row_of(lease), token=lease.token) > soon
    assert row_of(lease).expires_at > soon


def test_a_draft_is_kept_and_replaced(campaign: Campaign, bob: Member) -> None:
    TaskFactory.create(campaign=campaign)
    row = row_of(claim(campaign, bob))
    save_draft(assignment=row, body={"critique": "a"})
    save_draft(assignment=row, body={"critique": "ab"})
    draft = Draft.objects.get()
    assert (draft.body, draft.late) == ({"critique": "ab"}, False)


def test_the_statement_does_not_touch_tasks_of_another_campaign(
    campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create(campaign=CampaignFactory.create(workspace=bob.workspace))
    assert claim_next(campaign=campaign, member_pk=bob.pk) is None
    assert Task.objects.get().open_places == 1
