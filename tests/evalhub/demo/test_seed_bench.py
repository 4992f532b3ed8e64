from __future__ import annotations

import json
from io import StringIO
from uuid import uuid4

import psycopg
import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from evalhub.campaigns.models import Task


@pytest.mark.django_db
def test_a_load_generator_can_start_with_what_seed_bench_prints() -> None:
    out = StringIO()
    call_command("seed_bench", tasks=50, annotators=3, overlap=2, json=True, stdout=out)
    seeded = json.loads(out.getvalue())
    assert set(seeded) == {"workspace", "campaign", "criteria", "tokens", "dsn"}
    assert (len(seeded["tokens"]), len(seeded["criteria"])) == (3, 2)
    assert set(Task.objects.values_list("overlap", "open_places")) == {(2, 2)}
    psycopg.connect(seeded["dsn"]).close()

    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {seeded['tokens'][0]}")
    claimed = client.post(f"/api/v1/campaigns/{seeded['campaign']}/claim").json()
    assert len(claimed["task"]["conversation"][0]["content"].split()) == 100
    assert [len(row["content"].split()) for row in claimed["task"]["responses"]] == [150, 150]
    body = {
        "token": claimed["token"],
        "submission_id": str(uuid4()),
        "claim_next": True,
        "ratings": [{"response": "A", "criterion": seeded["criteria"][0], "value": 4}],
        "preferences": [{"criterion": None, "choice": "B", "strength": 1}],
    }
    url = f"/api/v1/assignments/{claimed['assignment']}/submit"
    answer = client.post(url, body, format="json")
    assert answer.status_code == 201
    assert answer.json()["next"]["task"]["uid"] != claimed["task"]["uid"]
