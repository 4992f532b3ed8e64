from __future__ import annotations

import pytest

from evalhub.judgments.models import Judgment
from evalhub.labelling.models import LabellingFunction
from tests.evalhub.labelling.conftest import labelled
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def lead(client, alice):
    client.force_login(alice.user)
    return client


def test_functions_are_added_changed_and_retired(lead, campaign, criterion, tasks):
    url = f"/api/v1/campaigns/{campaign.uid}/labelling-functions"
    body = {"criterion": "topic", "name": "refund", "value": 1, "kind": "regex"}
    made = lead.post(url, body | {"parameters": {"pattern": "refund"}}, JSON)
    assert made.status_code == 201
    refused = lead.post(url, body | {"name": "b", "parameters": {"pattern": "("}}, JSON)
    assert (refused.status_code, refused.json()["code"]) == (422, "unfit_function")
    taken = lead.post(url, body | {"parameters": {"pattern": "x"}}, JSON)
    assert (taken.status_code, taken.json()["code"]) == (409, "function_name_taken")

    one = f"/api/v1/labelling-functions/{made.json()['uid']}"
    changed = lead.put(one, {"value": 2, "parameters": {"pattern": "tax"}}, JSON)
    assert (changed.status_code, changed.json()["number"]) == (201, 2)
    assert lead.delete(one).json()["code"] == "function_retired"
    assert lead.delete(f"/api/v1/labelling-functions/{changed.json()['uid']}").status_code == 204
    assert not LabellingFunction.objects.active().exists()
    assert lead.get(url).json() == {
        "criterion": "topic", "functions": [], "run": None, "is_stale": False
    }  # fmt: skip


def test_a_run_is_started_read_and_decided(lead, campaign, criterion, tasks, functions, alice):
    base = f"/api/v1/campaigns/{campaign.uid}"
    assert lead.post(f"{base}/labelling-runs", {"criterion": "topic"}, JSON).status_code == 202
    campaign.labelling_runs.all().delete()
    labelled(campaign, criterion, alice)

    run = lead.get(f"{base}/labelling-functions").json()["run"]
    assert run["functions"][0]["coverage"] == 0.5
    assert run["functions"][0]["measured"] == {"value": None, "low": None, "high": None}
    first = lead.get(f"{base}/proposals").json()["results"][0]
    assert first["task"] == str(tasks[1].uid)

    body = {"criterion": "topic", "confirm": [first["task"]], "reject": [str(tasks[2].uid)]}
    told = lead.post(f"{base}/proposals", body, JSON).json()
    assert told == {"confirmed": {"done": 1, "gone": 0}, "rejected": {"done": 1, "gone": 0}}
    assert Judgment.objects.get().saw_proposal


def test_what_is_malformed_or_not_there_is_said(lead, campaign, criterion, alice):
    base = f"/api/v1/campaigns/{campaign.uid}"
    assert lead.post(f"{base}/proposals", {"confirm": 1}, JSON).json()["code"] == "malformed"
    early = lead.post(f"{base}/proposals", {"criterion": "topic"}, JSON)
    assert early.json()["code"] == "unfit_labelling"
    assert lead.get(f"{base}/proposals?criterion=tone").status_code == 404
    other = CampaignFactory.create(workspace=alice.workspace)
    told = lead.get(f"/api/v1/campaigns/{other.uid}/labelling-functions").json()
    assert told["code"] == "unfit_labelling"


def test_an_engineer_reads_and_does_not_add(client, campaign, criterion, erin):
    client.force_login(erin.user)
    url = f"/api/v1/campaigns/{campaign.uid}/labelling-functions"
    assert client.get(url).status_code == 200
    assert client.post(url, {}, JSON).status_code == 403
