"""What was skipped comes back into the hand, by the rules of a claim."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.errors import (
    EnoughForToday,
    GuidelinesNotAccepted,
    ShareReached,
)
from evalhub.campaigns.models import Assignment, Campaign, Task
from evalhub.campaigns.services.changing import change_campaign
from evalhub.campaigns.services.leases import skip, unskip
from evalhub.campaigns.services.steering import change_task
from evalhub.common.errors import Conflict
from evalhub.judgments.services.submit import submit_judgment
from tests.evalhub.campaigns.test_claim import claim, row_of
from tests.evalhub.campaigns.test_shares import share_of
from tests.factories import (
    CampaignFactory,
    GuidelinesFactory,
    MemberFactory,
    TaskFactory,
)
from tests.races.test_claims import answer_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    return CampaignFactory.create(workspace=bob.workspace)


def skipped(campaign: Campaign, member: Member) -> Assignment:
    lease = claim(campaign, member)
    skip(assignment=row_of(lease), token=lease.token)
    return row_of(lease)


def test_nobody_takes_back_more_than_their_share(bob: Member) -> None:
    half = CampaignFactory.create(workspace=bob.workspace, max_share=50, hand_size=5)
    TaskFactory.create_batch(3, campaign=half)
    gone = skipped(half, bob)
    first = claim(half, bob)
    claim(half, bob, holding=[first.assignment])
    with pytest.raises(ShareReached, match="2 tasks"):
        unskip(assignment=gone)
    assert share_of(half, bob) == (2, 2)
    gone.refresh_from_db()
    assert gone.state == "skipped"


def test_whoever_has_lost_the_qualification_takes_nothing_back(
    client: Client, campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    gone = skipped(campaign, bob)
    Campaign.objects.update(qualifications=["law"])
    assert bob.user is not None
    client.force_login(bob.user)
    url = f"/w/{bob.workspace.slug}/my-work/skipped/{gone.uid}/take-back/"
    assert "needs the qualification law" in client.post(url, follow=True).content.decode()
    gone.refresh_from_db()
    assert gone.state == "skipped"


def test_guidelines_and_a_days_limit_hold_for_what_is_taken_back(
    campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create_batch(2, campaign=campaign)
    gone = skipped(campaign, bob)
    guidelines = GuidelinesFactory.create(campaign=campaign)
    Campaign.objects.update(guidelines=guidelines)
    with pytest.raises(GuidelinesNotAccepted):
        unskip(assignment=gone)
    Campaign.objects.update(guidelines=None)
    campaign.refresh_from_db()
    claim(campaign, bob)
    Member.objects.filter(pk=bob.pk).update(most_tasks=1)
    with pytest.raises(EnoughForToday):
        unskip(assignment=row_of_skipped(gone))


def row_of_skipped(gone: Assignment) -> Assignment:
    """As a request would read it."""
    return Assignment.objects.select_related("campaign", "member").get(pk=gone.pk)


def test_what_is_taken_back_is_what_opens(client: Client, campaign: Campaign, bob: Member) -> None:
    TaskFactory.create_batch(2, campaign=campaign)
    gone = skipped(campaign, bob)
    claim(campaign, bob)
    assert bob.user is not None
    client.force_login(bob.user)
    url = f"/w/{bob.workspace.slug}/my-work/skipped/{gone.uid}/take-back/"
    page = client.post(url, follow=True)
    assert f'name="assignment" value="{gone.uid}"' in page.content.decode()


@pytest.mark.parametrize(("then", "now"), [("others", "nobody"), ("nobody", "others")])
def test_a_skip_follows_the_rule_of_its_time(
    campaign: Campaign, bob: Member, then: str, now: str
) -> None:
    """Else one judgment too many: a place that others filled would be added, or none be there."""
    carol = MemberFactory.create(workspace=bob.workspace)
    Campaign.objects.update(requeue=then)
    campaign.refresh_from_db()
    task = TaskFactory.create(campaign=campaign)
    gone = skipped(campaign, bob)
    assert gone.gave_up_place == (then == "nobody")
    change_campaign(campaign=campaign, by=bob, requeue=now)
    if then == "others":
        lease = claim(campaign, carol)
        body = answer_to(lease, more=False)
        submit_judgment(assignment=lease.assignment, member_pk=carol.pk, body=body)
        with pytest.raises(Conflict, match="Others have judged"):
            unskip(assignment=gone)
    else:
        assert unskip(assignment=gone) == 2
        gone.refresh_from_db()
        assert not gone.gave_up_place
    task.refresh_from_db()
    assert (task.overlap, task.open_places) == (1, 0)


def test_a_place_given_up_and_asked_for_again_is_there_once(
    campaign: Campaign, bob: Member
) -> None:
    Campaign.objects.update(requeue="nobody", overlap=2)
    campaign.refresh_from_db()
    task = TaskFactory.create(campaign=campaign, overlap=2)
    gone = skipped(campaign, bob)
    change_task(task=Task.objects.get(), by=bob, overlap=2)
    unskip(assignment=gone)
    task.refresh_from_db()
    assert (task.overlap, task.open_places) == (2, 1)
