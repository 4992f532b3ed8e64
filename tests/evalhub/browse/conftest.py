from __future__ import annotations

import pytest

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Campaign
from tests import factories as make


@pytest.fixture
def campaign(acme: Workspace) -> Campaign:
    return make.CampaignFactory.create(workspace=acme)
