"""Sixteen people at once on one campaign: nothing lost, nothing twice, never more than k."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from random import Random
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.errors import HandFull, LeaseLost
from evalhub.campaigns.jobs import return_expired
from evalhub.campaigns.models import Assignment, Campaign, Draft, MemberShare
from evalhub.campaigns.services.changing import change_campaign
from evalhub.campaigns.services.claim import Lease, claim_next
from evalhub.campaigns.services.leases import release_untouched, save_draft, skip, unskip
from evalhub.campaigns.services.steering import reserve
from evalhub.common.errors import Conflict
from evalhub.judgments.body import PreferenceGiven, SubmitBody
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.submit import Submitted, submit_judgment
from tests.factories import AssignmentFactory, CampaignFactory, MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS, TASKS, OVERLAP = 16, 40, 3


def on_own_connection(act: Callable[[], None]) -> None:
    try:
        act()
    finally:
        connection.close()


def together(acts: list[Callable[[], None]]) -> None:
    """Run `acts` at once, each on a connection of its own; the first failure is raised."""
    with ThreadPoolExecutor(len(acts)) as pool:
        for future in [pool.submit(on_own_connection, act) for act in acts]:
            future.result()


def answer_to(lease: Lease, *, more: bool) -> SubmitBody:
    return SubmitBody(
        token=lease.token,
        submission_id=uuid4(),
        preferences=[PreferenceGiven(choice="A")],
        claim_next=more,
    )


class Person:
    """Claims until nothing is left: mostly submits, now and then skips, dawdles or clicks twice."""

    def __init__(self, member: Member, campaign: Campaign, seed: int) -> None:
        self.member, self.campaign = member, campaign
        self.chance = Random(seed)
        self.acknowledged: set[UUID] = set()

    def work(self) -> None:
        while lease := claim_next(campaign=self.campaign, member_pk=self.member.pk):
            self.deal_with(lease)

    def deal_with(self, lease: Lease) -> None:
        draw = self.chance.random()
        row = Assignment.objects.filter(uid=lease.assignment)
        if draw < 0.08:
            skip(assignment=row.get(), token=lease.token)
        elif draw < 0.16:  # the time runs out while they think; then they submit all the same
            row.update(expires_at=timezone.now() - timedelta(minutes=1))
            with pytest.raises(LeaseLost):
                self.submit(lease, answer_to(lease, more=False))
        elif draw < 0.40:
            body = answer_to(lease, more=True)
            together([lambda: self.submit(lease, body)] * 2)
        else:
            self.submit(lease, answer_to(lease, more=True))

    def submit(self, lease: Lease, body: SubmitBody) -> Submitted:
        submitted = submit_judgment(
            assignment=lease.assignment, member_pk=self.member.pk, body=body
        )
        self.acknowledged.add(submitted.judgment)
        return submitted


def test_sixteen_clients_get_exactly_k_judgments_per_task() -> None:
    campaign = CampaignFactory.create(overlap=OVERLAP)
    TaskFactory.create_batch(TASKS, campaign=campaign)
    members = MemberFactory.create_batch(CLIENTS, workspace=campaign.workspace)
    people = [Person(member, campaign, seed) for seed, member in enumerate(members)]
    done = threading.Event()

    def reap() -> None:
        while not done.is_set():
            return_expired()

    reaper = threading.Thread(target=on_own_connection, args=[reap])
    reaper.start()
    try:
        together([person.work for person in people])
    finally:
        done.set()
        reaper.join()
    return_expired()
    for person in people:  # what expired after its last claimant had gone
        person.work()
        return_expired()

    assert set(campaign.tasks.values_list("judged", "open_places")) == {(OVERLAP, 0)}
    stored = set(Judgment.objects.values_list("uid", flat=True))
    assert stored == set().union(*(person.acknowledged for person in people))
    assert len(stored) == TASKS * OVERLAP
    pairs = Counter(Judgment.objects.values_list("task_id", "member_id"))
    assert set(pairs.values()) == {1}
    assert not Assignment.objects.held().exists()


def test_two_tabs_at_once_do_not_overfill_the_hand() -> None:
    campaign = CampaignFactory.create(hand_size=2)
    TaskFactory.create_batch(20, campaign=campaign)
    member = MemberFactory.create(workspace=campaign.workspace)
    full = []

    def claim_more() -> None:
        held = list(Assignment.objects.held().values_list("uid", flat=True))
        try:
            claim_next(campaign=campaign, member_pk=member.pk, holding=held)
        except HandFull as error:
            full.append(error)

    for _ in range(5):
        together([claim_more] * 8)
    assert Assignment.objects.held().count() == 2
    assert full


def test_the_last_place_goes_to_one_of_many() -> None:
    campaign = CampaignFactory.create(overlap=2)
    TaskFactory.create(campaign=campaign)
    members = MemberFactory.create_batch(12, workspace=campaign.workspace)
    leases: list[Lease | None] = []

    def claim(member: Member) -> Callable[[], None]:
        return lambda: leases.append(claim_next(campaign=campaign, member_pk=member.pk))

    together([claim(member) for member in members])
    assert sum(lease is not None for lease in leases) == 2
    assert campaign.tasks.get().open_places == 0


def test_reapers_at_once_give_each_place_back_once() -> None:
    campaign = CampaignFactory.create(overlap=3)
    TaskFactory.create_batch(30, campaign=campaign)
    for member in MemberFactory.create_batch(6, workspace=campaign.workspace):
        for _ in range(2):
            held = list(Assignment.objects.held().values_list("uid", flat=True))
            claim_next(campaign=campaign, member_pk=member.pk, holding=held)
    Assignment.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    returned: list[int] = []
    together([lambda: returned.append(return_expired())] * 6)
    assert sum(returned) == 12
    assert set(campaign.tasks.values_list("open_places", flat=True)) == {3}


def test_a_skipped_tasks_last_place_goes_to_one_of_those_who_take_it_back() -> None:
    """Eight have skipped it and come back at once, each twice: one gets it, once."""
    campaign = CampaignFactory.create()
    task = TaskFactory.create(campaign=campaign, overlap=1)
    skipped = []
    for _ in range(8):
        member = MemberFactory.create(workspace=campaign.workspace)
        lease = claim_next(campaign=campaign, member_pk=member.pk)
        assert lease is not None
        assignment = Assignment.objects.get(uid=lease.assignment)
        skip(assignment=assignment, token=lease.token)
        skipped.append(assignment)
    refused = Counter[str]()

    def take_back(assignment: Assignment) -> None:
        try:
            unskip(assignment=Assignment.objects.select_related("campaign").get(pk=assignment.pk))
        except Conflict as error:
            refused[type(error).__name__] += 1

    together([partial(take_back, each) for each in skipped for _ in range(2)])
    held = Assignment.objects.held().get()
    task.refresh_from_db()
    assert (task.open_places, held.token) == (0, 2)
    assert refused == {"Conflict": 14}


def test_a_task_that_changed_while_a_submit_waited_is_still_counted() -> None:
    """The statement's snapshot is older than both rows that it changes."""
    campaign = CampaignFactory.create(overlap=3)
    done, coming = (TaskFactory.create(campaign=campaign, overlap=3, lot=lot) for lot in (1, 2))
    member = MemberFactory.create(workspace=campaign.workspace)
    lease = claim_next(campaign=campaign, member_pk=member.pk)
    assert lease is not None
    both = campaign.tasks.filter(pk__in=[done.pk, coming.pk])
    submits = threading.Thread(
        target=on_own_connection,
        args=[
            partial(
                submit_judgment,
                assignment=lease.assignment,
                member_pk=member.pk,
                body=answer_to(lease, more=True),
            )
        ],
    )
    with transaction.atomic():
        both.update(overlap=F("overlap") + 1, open_places=F("open_places") + 1)
        submits.start()
        with connection.cursor() as cursor:
            while submits.is_alive():
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    break
    submits.join()
    counts = list(both.order_by("lot").values_list("overlap", "open_places", "judged"))
    assert counts == [(4, 3, 1), (4, 3, 0)]
    assert member.assignments.held().get().task == coming


def test_a_task_kept_for_somebody_else_while_a_claim_waited_is_not_lent_to_who_had_it() -> None:
    campaign = CampaignFactory.create()
    first, second = MemberFactory.create_batch(2, workspace=campaign.workspace)
    lead = MemberFactory.create(workspace=campaign.workspace)
    task = TaskFactory.create(campaign=campaign)
    reserve(task=task, members=[first], by=lead)
    found: list[Lease | None] = []

    def claim() -> None:
        found.append(claim_next(campaign=campaign, member_pk=first.pk))

    claims = threading.Thread(target=on_own_connection, args=[claim])
    with transaction.atomic():
        reserve(task=task, members=[second], by=lead)
        claims.start()
        with connection.cursor() as cursor:
            while claims.is_alive():
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    break
    claims.join()
    assert found == [None]
    theirs = claim_next(campaign=campaign, member_pk=second.pk)
    assert theirs is not None
    assert theirs.task == task.uid


def test_pages_that_are_left_at_once_all_hand_their_tasks_back() -> None:
    """Each holds the same tasks, claimed in another order; and the reaper goes over them too."""
    campaign = CampaignFactory.create(hand_size=20)
    tasks = TaskFactory.create_batch(20, campaign=campaign, overlap=8, open_places=0)
    members = MemberFactory.create_batch(8, workspace=campaign.workspace)
    for turn in range(5):
        held: dict[Member, dict[UUID, int]] = {}
        for nth, member in enumerate(members):
            mine = Assignment.objects.filter(member=member)
            mine.update(state="held", expires_at=timezone.now() + timedelta(minutes=30))
            for task in [] if turn else Random(nth).sample(tasks, len(tasks)):
                AssignmentFactory.create(task=task, member=member, campaign=campaign)
            held[member] = dict(mine.values_list("uid", "token"))
        campaign.tasks.update(open_places=0)
        Assignment.objects.filter(member=members[0]).update(
            expires_at=timezone.now() - timedelta(minutes=1)
        )
        acts: list[Callable[[], None]] = [
            partial(_leave, member, held[member]) for member in members[1:]
        ]
        together([*acts, _reap])
        assert not Assignment.objects.held().exists()
        assert set(campaign.tasks.values_list("open_places", flat=True)) == {8}


def _leave(member: Member, held: dict[UUID, int]) -> None:
    assert release_untouched(member=member, held=held) == len(held)


def _reap() -> None:
    return_expired()


def test_a_page_that_is_left_while_a_draft_is_saved_keeps_that_task_or_the_draft_is_late() -> None:
    campaign = CampaignFactory.create(hand_size=20)
    TaskFactory.create_batch(12, campaign=campaign)
    member = MemberFactory.create(workspace=campaign.workspace)
    mine: list[Assignment] = []
    while len(mine) < 12:
        lease = claim_next(
            campaign=campaign, member_pk=member.pk, holding=[each.uid for each in mine]
        )
        assert lease is not None
        mine.append(Assignment.objects.get(uid=lease.assignment))

    def save(each: Assignment) -> None:
        save_draft(assignment=each, body={"critique": "begun"})

    def go() -> None:
        release_untouched(member=member, held={each.uid: each.token for each in mine})

    together(
        [
            *(partial(save, each) for each in mine[:6]),
            go,
            *(partial(save, each) for each in mine[6:]),
        ]
    )
    late = dict(Draft.objects.values_list("assignment__state", "late").distinct())
    assert late.items() <= {"held": False, "released": True}.items()
    assert Draft.objects.count() == 12


def test_a_share_that_is_set_while_all_judge_counts_each_of_their_tasks() -> None:
    """Each works on by submits alone, and comes for the first time, while the lead sets a share."""
    campaign = CampaignFactory.create(hand_size=2)
    TaskFactory.create_batch(200, campaign=campaign, overlap=3)
    members = MemberFactory.create_batch(8, workspace=campaign.workspace)
    begun = threading.Barrier(len(members) + 1)

    def work(member: Member) -> None:
        begun.wait()
        lease = claim_next(campaign=campaign, member_pk=member.pk)  # read before there was a share
        while lease:
            lease = submit_judgment(
                assignment=lease.assignment, member_pk=member.pk, body=answer_to(lease, more=True)
            ).next

    def set_share() -> None:
        begun.wait()
        change_campaign(campaign=Campaign.objects.get(pk=campaign.pk), by=members[0], max_share=4)

    together([*(partial(work, member) for member in members), set_share])
    taken = dict(MemberShare.objects.values_list("member_id", "taken"))
    had = Counter(Assignment.objects.values_list("member_id", flat=True))
    assert {pk: had[pk] for pk in taken} == taken
    assert set(taken) == {member.pk for member in members}
    assert not MemberShare.objects.filter(taken__lt=F("most")).exists()  # 24, 4 % of 600, or more
