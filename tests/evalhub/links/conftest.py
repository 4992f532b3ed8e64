from __future__ import annotations

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.links.models import JoinLink
from evalhub.links.services.making import NewLink, make_join_link
from tests.factories import CampaignFactory, CriterionFactory, TaskFactory


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    made = CampaignFactory.create(workspace=alice.workspace, overlap=2)
    CriterionFactory.create(version=made.rubric_version, slug="factuality")
    TaskFactory.create_batch(3, campaign=made)
    return made


@pytest.fixture
def new(campaign: Campaign, alice: Member) -> NewLink[JoinLink]:
    """For two people of Prolific, two tasks each."""
    return make_join_link(
        campaign=campaign,
        name="wave 1",
        platform="prolific",
        tasks=2,
        most_people=2,
        completion_code="C0DE-42",
        by=alice,
    )
