"""The same for a manager's programs."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from tests.evalhub.judgments.conftest import client_of
from tests.factories import CampaignFactory, FlagFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(mia: Member) -> APIClient:
    return client_of(mia)


def test_the_list_has_ones_own_people(api: APIClient, anna: Member, bert: Member) -> None:
    told = api.get("/api/v1/people").json()["results"]
    assert [each["pseudonym"] for each in told] == ["anna"]
    assert told[0]["groups"] == ["night"]
    assert api.get("/api/v1/people?group=spare").json()["results"] == []
    assert api.get("/api/v1/people?group=day").status_code == 422  # hers, but not Mia's to know


def test_a_change_happens_whole_or_not_at_all(api: APIClient, anna: Member) -> None:
    page = f"/api/v1/people/{anna.uid}"
    refused = api.patch(page, {"most_tasks": 5, "groups": ["day"]}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (422, "not_your_group")
    anna.refresh_from_db()
    assert anna.most_tasks is None
    changed = api.patch(page, {"most_tasks": 5, "groups": ["spare"]}, format="json")
    assert changed.json()["person"]["most_tasks"] == 5
    assert api.patch(page, {"groups": []}, format="json").status_code == 204
    assert api.get(page).status_code == 404


def test_campaigns_are_named_by_uid(api: APIClient, anna: Member, bert: Member) -> None:
    campaign = CampaignFactory.create(workspace=anna.workspace, groups=["night"], people=[bert.pk])
    page = f"/api/v1/people/{anna.uid}"
    told = api.patch(page, {"campaigns": [str(campaign.uid)]}, format="json").json()
    assert [(each["is_named"], each["is_for_all"]) for each in told["offers"]] == [(True, False)]
    absent = api.patch(page, {"campaigns": [str(anna.uid)]}, format="json")
    assert absent.status_code == 404


def test_an_invitation_tells_its_link(api: APIClient) -> None:
    body = {"username": "zoe", "groups": ["night"]}
    told = api.post("/api/v1/people", body, format="json")
    assert told.status_code == 201
    assert "/invitation/zoe/" in told.json()["link"]
    again = api.post("/api/v1/people", body, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "cannot_invite")


def test_flags_and_pay_are_of_ones_own_people(api: APIClient, anna: Member, bert: Member) -> None:
    campaign = CampaignFactory.create(workspace=anna.workspace)
    for each in (anna, bert):
        FlagFactory.create(task__campaign=campaign, member=each)
    flags = api.get("/api/v1/people/flags").json()["results"]
    assert [each["pseudonym"] for each in flags] == ["anna"]
    assert api.get("/api/v1/people/pay?from=2026-01-01").json() == {"lines": []}
    assert api.get("/api/v1/people/pay?from=soon").status_code == 400
