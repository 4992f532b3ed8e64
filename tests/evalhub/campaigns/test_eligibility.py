"""Who gets a task: languages, groups, qualifications, reservations and shares."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.accounts.services import set_eligibility
from evalhub.campaigns.eligibility import people_for
from evalhub.campaigns.errors import NotEligible, ShareReached, UnfitTask
from evalhub.campaigns.jobs import return_expired
from evalhub.campaigns.models import Campaign, MemberShare, Reservation, Task
from evalhub.campaigns.queries import campaigns_for
from evalhub.campaigns.services.changing import change_campaign
from evalhub.campaigns.services.claim import Lease, claim_next
from evalhub.campaigns.services.gold import (
    add_place,
    keep_for_draws,
    make_gold,
    take_unused_places,
)
from evalhub.campaigns.services.leases import release, release_untouched, skip, unskip
from evalhub.campaigns.services.steering import change_task, repeat_task, reserve
from evalhub.campaigns.services.tasks import add_tasks
from evalhub.common.errors import Conflict
from evalhub.judgments.services.submit import submit_judgment
from tests.evalhub.campaigns.test_claim import claim, let_run_out, row_of
from tests.factories import CampaignFactory, CompletionFactory, MemberFactory, TaskFactory
from tests.races.test_claims import answer_to

pytestmark = pytest.mark.django_db

NOTHING: dict[str, list[str]] = {"languages": [], "groups": [], "qualifications": []}


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    return CampaignFactory.create(workspace=bob.workspace)


def has(member: Member, **told: list[str]) -> None:
    set_eligibility(member=member, by=member, **{**NOTHING, **told})  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("asked", "had", "lacking"),
    [
        ({"languages": ["de", "en"]}, {"languages": ["en", "fr"]}, None),
        ({"languages": ["de", "en"]}, {"languages": ["fr"]}, "one of the languages de, en"),
        ({"groups": ["nurses"]}, {"groups": ["doctors", "nurses"]}, None),
        ({"groups": ["nurses"]}, {}, "one of the groups nurses"),
        ({"qualifications": ["law", "tax"]}, {"qualifications": ["law", "tax"]}, None),
        ({"qualifications": ["law", "tax"]}, {"qualifications": ["law"]}, "the qualification tax"),
    ],
)
def test_a_campaign_is_for_those_who_have_what_it_asks_for(
    campaign: Campaign,
    bob: Member,
    asked: dict[str, list[str]],
    had: dict[str, list[str]],
    lacking: str | None,
) -> None:
    Campaign.objects.update(**asked)
    campaign.refresh_from_db()
    TaskFactory.create(campaign=campaign)
    has(bob, **had)
    bob.refresh_from_db()
    assert [row.campaign for row in campaigns_for(bob)] == ([] if lacking else [campaign])
    assert list(people_for(campaign)) == ([] if lacking else [bob])
    if lacking is None:
        claim(campaign, bob)
        return
    with pytest.raises(NotEligible, match=lacking):
        claim_next(campaign=campaign, member_pk=bob.pk)


def test_only_those_are_counted_who_can_come(campaign: Campaign, bob: Member) -> None:
    workspace, other = bob.workspace, CampaignFactory.create(workspace=bob.workspace)
    MemberFactory.create(workspace=workspace, roles=["lead"])
    MemberFactory.create(workspace=workspace, roles=["annotator"], is_active=False)
    MemberFactory.create(workspace=workspace, roles=["annotator"], only_campaign=other.pk)
    MemberFactory.create(roles=["annotator"])
    by_link = MemberFactory.create(
        workspace=workspace, roles=["annotator"], only_campaign=campaign.pk
    )
    assert set(people_for(campaign)) == {bob, by_link}

    Campaign.objects.filter(pk=campaign.pk).update(people=[bob.pk])
    campaign.refresh_from_db()
    assert set(people_for(campaign)) == {bob}


def test_whoever_loses_a_qualification_finishes_what_they_hold_and_gets_no_more(
    campaign: Campaign, bob: Member
) -> None:
    Campaign.objects.update(qualifications=["law"])
    campaign.refresh_from_db()
    TaskFactory.create_batch(2, campaign=campaign)
    has(bob, qualifications=["law"])
    lease = claim(campaign, bob)
    has(bob)
    bob.refresh_from_db()
    assert claim(campaign, bob).assignment == lease.assignment
    assert [row.has_more for row in campaigns_for(bob)] == [True]
    body = answer_to(lease, more=True)
    submitted = submit_judgment(assignment=lease.assignment, member_pk=bob.pk, body=body)
    assert submitted.next is None
    with pytest.raises(NotEligible):
        claim_next(campaign=campaign, member_pk=bob.pk)


def test_the_page_says_what_is_lacking(client: Client, campaign: Campaign, bob: Member) -> None:
    TaskFactory.create(campaign=campaign)
    Campaign.objects.update(qualifications=["law"])
    assert bob.user is not None
    client.force_login(bob.user)
    page = client.get(f"/w/{bob.workspace.slug}/campaigns/{campaign.uid}/judge/").content.decode()
    assert "needs the qualification law" in page


# ---- reservations ----


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


# ---- shares ----


@pytest.fixture
def half(bob: Member) -> Campaign:
    """Three tasks, of which one person may judge half: two."""
    campaign = CampaignFactory.create(workspace=bob.workspace, max_share=50, hand_size=5)
    TaskFactory.create_batch(3, campaign=campaign)
    return campaign


def share_of(campaign: Campaign, member: Member) -> tuple[int, int]:
    row = MemberShare.objects.get(campaign=campaign, member=member)
    return row.taken, row.most


def test_nobody_gets_more_than_their_share(half: Campaign, bob: Member) -> None:
    first = claim(half, bob)
    second = claim(half, bob, holding=[first.assignment])
    with pytest.raises(ShareReached, match="2 tasks"):
        claim_next(campaign=half, member_pk=bob.pk, holding=[first.assignment, second.assignment])
    for lease in (first, second):
        body = answer_to(lease, more=True)
        body.holding = [first.assignment, second.assignment]
        assert (
            submit_judgment(assignment=lease.assignment, member_pk=bob.pk, body=body).next is None
        )
    assert share_of(half, bob) == (2, 2)
    (row,) = campaigns_for(bob)
    assert (row.has_more, row.is_share_reached) == (False, True)
    claim(half, MemberFactory.create(workspace=bob.workspace))


def test_what_is_handed_back_or_runs_out_does_not_count(half: Campaign, bob: Member) -> None:
    lease = claim(half, bob)
    release(assignment=row_of(lease), token=lease.token)
    assert share_of(half, bob) == (0, 2)
    lease = claim(half, bob)
    skip(assignment=row_of(lease), token=lease.token)
    unskip(assignment=row_of(lease))
    assert share_of(half, bob) == (1, 2)
    let_run_out(lease)
    return_expired()
    assert share_of(half, bob) == (0, 2)


def test_more_tasks_make_the_share_larger(half: Campaign, bob: Member) -> None:
    claim(half, bob)
    task = half.tasks.first()
    assert task is not None
    add_tasks(campaign=half, items=[(task.prompt, list(task.completions.all()))] * 3)
    assert share_of(half, bob) == (1, 3)


def test_the_database_holds_the_cap_if_two_claims_come_at_once(half: Campaign, bob: Member) -> None:
    claim(half, bob)
    with pytest.raises(IntegrityError, match="nobody_over_their_share"):
        MemberShare.objects.update(taken=3)


def test_a_share_counts_what_one_had_before_the_campaign_was_capped(
    campaign: Campaign, bob: Member
) -> None:
    Campaign.objects.update(hand_size=5)
    campaign.refresh_from_db()
    TaskFactory.create_batch(4, campaign=campaign)
    first = claim(campaign, bob)
    Campaign.objects.update(max_share=25)
    campaign.refresh_from_db()
    with pytest.raises(ShareReached):
        claim_next(campaign=campaign, member_pk=bob.pk, holding=[first.assignment])
    assert Task.objects.filter(open_places=0).count() == 1


def test_a_share_that_is_set_while_people_judge_binds_their_next_submit(
    campaign: Campaign, bob: Member
) -> None:
    """20 % of ten tasks are two; Bob never claims again, each submit lends him the next."""
    TaskFactory.create_batch(10, campaign=campaign)
    lease: Lease | None = claim(campaign, bob)
    change_campaign(campaign=campaign, by=bob, max_share=20)
    judged = 0
    while lease:
        body = answer_to(lease, more=True)
        lease = submit_judgment(assignment=lease.assignment, member_pk=bob.pk, body=body).next
        judged += 1
    assert judged == 2
    assert share_of(campaign, bob) == (2, 2)


def test_who_has_more_than_a_new_share_keeps_it_and_gets_no_more(
    campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create_batch(5, campaign=campaign)
    first = claim(campaign, bob)
    body = answer_to(first, more=True)
    second = submit_judgment(assignment=first.assignment, member_pk=bob.pk, body=body).next
    assert second is not None
    change_campaign(campaign=campaign, by=bob, max_share=20)
    assert share_of(campaign, bob) == (2, 2)
    body = answer_to(second, more=True)
    assert submit_judgment(assignment=second.assignment, member_pk=bob.pk, body=body).next is None
