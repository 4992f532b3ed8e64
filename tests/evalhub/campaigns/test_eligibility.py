"""Who gets a task: languages, groups and qualifications."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.accounts.services import set_eligibility
from evalhub.campaigns.eligibility import people_for
from evalhub.campaigns.errors import (
    NotEligible,
)
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import campaigns_for
from evalhub.campaigns.services.claim import claim_next
from evalhub.judgments.services.submit import submit_judgment
from tests.evalhub.campaigns.test_claim import claim
from tests.factories import (
    CampaignFactory,
    MemberFactory,
    TaskFactory,
)
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
