"""Tasks that wait for somebody: named assignments, repeats, drawn gold."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.errors import (
    UnfitTask,
)
from evalhub.campaigns.jobs import return_expired
from evalhub.campaigns.models import Campaign, Reservation, Task
from evalhub.campaigns.queries import campaigns_for
from evalhub.campaigns.services.claim import Lease, claim_next
from evalhub.campaigns.services.gold import (
    add_place,
    keep_for_draws,
    make_gold,
    take_unused_places,
)
from evalhub.campaigns.services.leases import release_untouched, skip, unskip
from evalhub.campaigns.services.steering import change_task, repeat_task, reserve
from evalhub.common.errors import Conflict
from evalhub.judgments.services.submit import submit_judgment
from tests.evalhub.campaigns.test_claim import claim, let_run_out, row_of
from tests.factories import (
    CampaignFactory,
    CompletionFactory,
    MemberFactory,
    TaskFactory,
)
from tests.races.test_claims import answer_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    return CampaignFactory.create(workspace=bob.workspace)


def test_a_reserved_task_goes_to_those_it_is_for_before_anything_else_and_to_nobody_else(
    campaign: Campaign, bob: Member
) -> None:
    carol, lead = MemberFactory.create_batch(2, workspace=bob.workspace)
    other, task = (TaskFactory.create(campaign=campaign, lot=lot) for lot in (1, 2))
    reserve(task=task, members=[bob], by=lead)
    assert claim(campaign, carol).task == other.uid
    assert claim_next(campaign=campaign, member_pk=lead.pk) is None
    assert claim(campaign, bob).task == task.uid
    assert not task.reservations.exists()


def test_a_reserved_task_that_ran_out_comes_back_to_whom_it_is_for(
    campaign: Campaign, bob: Member
) -> None:
    lead = MemberFactory.create(workspace=bob.workspace)
    task = TaskFactory.create(campaign=campaign)
    reserve(task=task, members=[bob], by=lead)
    let_run_out(claim(campaign, bob))
    return_expired()
    assert claim_next(campaign=campaign, member_pk=lead.pk) is None
    assert [row.has_more for row in campaigns_for(bob)] == [True]
    assert claim(campaign, bob).task == task.uid


def test_its_overlap_is_the_number_of_those_it_is_for(campaign: Campaign, bob: Member) -> None:
    carol, lead = MemberFactory.create_batch(2, workspace=bob.workspace)
    task = TaskFactory.create(campaign=campaign)
    changed = change_task(task=task, by=lead, reserved_for=[bob.pseudonym, carol.pseudonym])
    assert (changed.overlap, changed.open_places, changed.is_reserved) == (2, 2, True)
    assert {claim(campaign, each).task for each in (bob, carol)} == {task.uid}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"reserved_for": ["nobody"]}, "is called nobody"),
        ({"priority": 10}, "0 to 9"),
        ({"overlap": 0}, "can only grow"),
    ],
)
def test_a_change_that_does_not_fit_changes_nothing(
    campaign: Campaign, bob: Member, change: dict[str, Any], told: str
) -> None:
    task = TaskFactory.create(campaign=campaign)
    with pytest.raises(UnfitTask, match=told):
        change_task(task=task, by=bob, **({"priority": 7, "overlap": 3} | change))
    task.refresh_from_db()
    assert (task.priority, task.overlap) == (5, 1)


def test_a_task_somebody_has_cannot_be_reserved(campaign: Campaign, bob: Member) -> None:
    task = TaskFactory.create(campaign=campaign)
    claim(campaign, bob)
    with pytest.raises(Conflict, match="Somebody holds this task"):
        reserve(task=task, members=[bob], by=bob)


def test_nothing_is_reserved_for_somebody_who_may_not_judge_there(
    campaign: Campaign, bob: Member
) -> None:
    task = TaskFactory.create(campaign=campaign)
    lead = MemberFactory.create(workspace=bob.workspace, pseudonym="lea", roles=["lead"])
    with pytest.raises(UnfitTask, match="lea may not judge in this campaign"):
        reserve(task=task, members=[lead, bob], by=lead)
    Campaign.objects.update(qualifications=["medicine"])
    task.campaign.refresh_from_db()
    with pytest.raises(UnfitTask, match="it asks for the qualification medicine"):
        reserve(task=task, members=[bob], by=lead)
    task.refresh_from_db()
    assert not task.is_reserved
    Member.objects.filter(pk=bob.pk).update(qualifications=["medicine"])
    reserve(task=task, members=[bob], by=lead)
    assert claim(campaign, bob).task == task.uid


@pytest.fixture
def named(campaign: Campaign, bob: Member) -> Task:
    """Reserved for Bob, behind four others."""
    Campaign.objects.update(hand_size=20)
    campaign.refresh_from_db()
    TaskFactory.create_batch(4, campaign=campaign)
    task = TaskFactory.create(campaign=campaign)
    return reserve(task=task, members=[bob], by=bob)


def leave(lease: Lease) -> None:
    member = row_of(lease).member
    assert release_untouched(member=member, held={lease.assignment: lease.token}) == 1


def run_out(lease: Lease) -> None:
    let_run_out(lease)
    assert return_expired() == 1


def skip_for_later(lease: Lease) -> None:
    Campaign.objects.update(requeue="back")
    skip(assignment=row_of(lease), token=lease.token)


@pytest.mark.parametrize("end", [leave, run_out])
def test_what_is_reserved_comes_first_again_when_its_lease_ended(
    campaign: Campaign, bob: Member, named: Task, end: Callable[[Lease], None]
) -> None:
    first = claim(campaign, bob)
    assert first.task == named.uid
    assert not named.reservations.exists()
    end(first)
    assert [row.member for row in named.reservations.all()] == [bob]
    again = claim(campaign, bob)
    assert (again.task, again.token) == (named.uid, 2)
    assert not named.reservations.exists()


def test_what_is_reserved_and_skipped_for_later_comes_back_at_the_end(
    campaign: Campaign, bob: Member, named: Task
) -> None:
    skip_for_later(claim(campaign, bob))
    order = []
    while lease := claim_next(campaign=campaign, member_pk=bob.pk):
        order.append(lease.task == named.uid)
        body = answer_to(lease, more=False)
        submit_judgment(assignment=lease.assignment, member_pk=bob.pk, body=body)
    assert order == [False] * 4 + [True]


def test_what_the_named_one_skipped_can_be_given_to_somebody_else(
    campaign: Campaign, bob: Member, named: Task
) -> None:
    carol = MemberFactory.create(workspace=bob.workspace)
    lease = claim(campaign, bob)
    skip(assignment=row_of(lease), token=lease.token)
    with pytest.raises(UnfitTask, match="bob had this task already"):
        reserve(task=named, members=[bob], by=bob)
    reserve(task=named, members=[carol], by=bob)
    with pytest.raises(Conflict, match="Others"):
        unskip(assignment=row_of(lease))
    assert claim(campaign, carol).task == named.uid


def test_what_one_handed_back_and_another_was_named_for_is_the_others(
    campaign: Campaign, bob: Member, named: Task
) -> None:
    carol = MemberFactory.create(workspace=bob.workspace)
    leave(claim(campaign, bob))
    reserve(task=named, members=[carol], by=bob)
    campaign.tasks.filter(is_reserved=False).update(open_places=0)
    assert claim_next(campaign=campaign, member_pk=bob.pk) is None
    assert [row.has_more for row in campaigns_for(bob)] == [False]
    assert claim(campaign, carol).task == named.uid


def test_who_has_judged_it_keeps_that_when_it_is_reserved_anew(
    campaign: Campaign, bob: Member, named: Task
) -> None:
    carol, dora = MemberFactory.create_batch(2, workspace=bob.workspace)
    reserve(task=named, members=[bob, carol], by=bob)
    lease = claim(campaign, bob)
    body = answer_to(lease, more=False)
    submit_judgment(assignment=lease.assignment, member_pk=bob.pk, body=body)
    other = claim(campaign, carol)
    skip(assignment=row_of(other), token=other.token)
    changed = reserve(task=named, members=[dora], by=bob)
    assert (changed.overlap, changed.judged, changed.open_places) == (2, 1, 1)
    assert claim(campaign, dora).task == named.uid


def test_a_drawn_gold_that_was_handed_back_keeps_its_place(campaign: Campaign, bob: Member) -> None:
    gold = make_gold(task=TaskFactory.create(campaign=campaign))
    keep_for_draws(task=gold)
    add_place(task=gold, member=bob)
    leave(claim(campaign, bob))
    gold.reservations.update(due_at=timezone.now() - timedelta(days=2))
    assert take_unused_places(task=gold) == 0
    assert claim(campaign, bob).task == gold.uid


def test_a_repeat_is_for_one_member_and_not_before_its_time(
    campaign: Campaign, bob: Member
) -> None:
    carol = MemberFactory.create(workspace=bob.workspace)
    task = TaskFactory.create(campaign=campaign)
    lease = claim(campaign, bob)
    body = answer_to(lease, more=False)
    submit_judgment(assignment=lease.assignment, member_pk=bob.pk, body=body)
    repeat = repeat_task(task=task, member=bob, due_at=timezone.now() + timedelta(hours=1))
    assert claim_next(campaign=campaign, member_pk=bob.pk) is None
    repeat.reservations.update(due_at=timezone.now())
    assert claim_next(campaign=campaign, member_pk=carol.pk) is None
    assert claim(campaign, bob).task == repeat.uid
    assert list(repeat.completions.order_by("placed")) == list(task.completions.order_by("placed"))


def test_nobody_judges_what_they_wrote_even_if_it_is_reserved_for_them(
    campaign: Campaign, bob: Member
) -> None:
    task = TaskFactory.create(campaign=campaign, completions=[])
    written = CompletionFactory.create(prompt=task.prompt, written_by=bob)
    for place, each in enumerate([written, CompletionFactory.create(prompt=task.prompt)]):
        task.placed.create(completion=each, place=place)
    with pytest.raises(UnfitTask, match="bob wrote one of its responses"):
        reserve(task=task, members=[bob], by=bob)
    Task.objects.update(is_reserved=True)
    Reservation.objects.create(campaign=campaign, task=task, member=bob)
    assert claim_next(campaign=campaign, member_pk=bob.pk) is None


def test_leads_alone_change_a_task_through_the_api(
    client: Client, campaign: Campaign, bob: Member
) -> None:
    task = TaskFactory.create(campaign=campaign)
    lead = MemberFactory.create(workspace=bob.workspace, roles=["lead"])
    stranger = MemberFactory.create(roles=["owner"])

    def answer_for(member: Member, **change: object) -> Any:
        assert member.user is not None
        client.force_login(member.user)
        url = f"/api/v1/tasks/{task.uid}"
        return client.patch(url, json.dumps(change), content_type="application/json")

    assert answer_for(bob, priority=9).status_code == 403
    assert answer_for(stranger, priority=9).status_code == 404
    assert answer_for(lead, priority="high").status_code == 400
    told = answer_for(lead, priority=9, overlap=2).json()
    assert (told["priority"], told["overlap"], told["is_reserved"]) == (9, 2, False)
