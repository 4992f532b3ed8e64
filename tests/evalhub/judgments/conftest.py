from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.campaigns.models import Campaign
from tests.factories import CampaignFactory, CriterionFactory


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    """A comparison that rates nothing unless somebody wants to."""
    campaign = CampaignFactory.create(workspace=bob.workspace)
    for slug in ("factuality", "safety"):
        CriterionFactory.create(version=campaign.rubric_version, slug=slug)
    return campaign


@pytest.fixture
def api(bob: Member) -> APIClient:
    """Bob with a token."""
    return client_of(bob)


def client_of(member: Member) -> APIClient:
    text = create_token(member=member, name="test").text
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def body_for(token: int, **more: Any) -> dict[str, Any]:
    """A submit of a comparison: A is better."""
    return {
        "token": token,
        "submission_id": str(uuid4()),
        "preferences": [{"criterion": None, "choice": "A", "strength": 2}],
        **more,
    }
