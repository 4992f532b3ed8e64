"""How much of a campaign one person may judge."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from evalhub.accounts.models import Member
from evalhub.campaigns.errors import (
    ShareReached,
)
from evalhub.campaigns.jobs import return_expired
from evalhub.campaigns.models import Campaign, MemberShare, Task
from evalhub.campaigns.queries import campaigns_for
from evalhub.campaigns.services.changing import change_campaign
from evalhub.campaigns.services.claim import Lease, claim_next
from evalhub.campaigns.services.leases import release, skip, unskip
from evalhub.campaigns.services.tasks import add_tasks
from evalhub.judgments.services.submit import submit_judgment
from tests.evalhub.campaigns.test_claim import claim, let_run_out, row_of
from tests.factories import (
    CampaignFactory,
    MemberFactory,
    TaskFactory,
)
from tests.races.test_claims import answer_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    return CampaignFactory.create(workspace=bob.workspace)


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
