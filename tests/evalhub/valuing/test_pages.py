"""The page and the API of what to ask next."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.valuing.models import Valuation
from tests.evalhub.judgments.conftest import client_of
from tests.evalhub.valuing.scenes import compared, judged, valued
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    return CampaignFactory.create(workspace=alice.workspace, hand_size=100)


def test_a_lead_lets_it_ask_by_value_and_stops_it(
    client: Client, alice: Member, campaign: Campaign
) -> None:
    judged(compared(campaign, tasks=12)[:3])
    client.force_login(alice.user)
    page = f"/w/acme/campaigns/{campaign.uid}/next/"
    assert "Tasks come in the order that a lot gave them." in client.get(page).content.decode()
    faulty = client.post(page, {"aim": "both", "by_lot": 3, "every": 50})
    assert faulty.status_code == 422
    assert client.post(page, {"aim": "both", "by_lot": 20, "every": 50}).status_code == 302
    valuation = Valuation.objects.get()
    assert "Waiting for a worker." in client.get(page).content.decode()
    valued(valuation)
    told = client.get(page).content.decode()
    assert "Which answer is chosen, on average" in told
    assert "By 3 judgments; 9 tasks valued." in told
    assert client.post(f"{page}stop/").status_code == 302
    assert "Not valued anew any more." in client.get(page).content.decode()


def test_an_engineer_reads_and_does_not_choose(
    client: Client, erin: Member, campaign: Campaign
) -> None:
    client.force_login(erin.user)
    page = f"/w/acme/campaigns/{campaign.uid}/next/"
    assert "<form" not in client.get(page).content.decode().partition("<main")[2]
    assert client.post(page, {"aim": "both", "by_lot": 20, "every": 50}).status_code == 403


def test_the_api_says_the_same(alice: Member, campaign: Campaign) -> None:
    api, path = client_of(alice), f"/api/v1/campaigns/{campaign.uid}/valuation"
    assert api.get(path).status_code == 404
    compared(campaign, tasks=6)
    refused = api.put(path, {"by_lot": 2}, format="json")
    assert (refused.status_code, [*refused.json()["fields"]]) == (400, ["by_lot"])
    made = api.put(path, {"aim": "data"}, format="json")
    assert (made.status_code, made.json()["state"], made.json()["figures"]) == (202, "queued", {})
    valued(Valuation.objects.get())
    assert api.get(path).json()["figures"]["tasks"] == 6
    assert api.delete(path).json()["is_on"] is False
