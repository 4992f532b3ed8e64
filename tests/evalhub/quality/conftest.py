"""A campaign of comparisons, and the three who judge in it."""

from __future__ import annotations

import pytest

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign
from tests import factories as make


@pytest.fixture
def campaign(acme: Workspace) -> Campaign:
    return make.CampaignFactory.create(workspace=acme, type="comparison", overlap=3)


@pytest.fixture
def people(acme: Workspace) -> list[Member]:
    return [
        make.MemberFactory.create(workspace=acme, pseudonym=name) for name in ("auk", "bee", "cod")
    ]
