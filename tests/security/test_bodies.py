"""Mass assignment and malformed bodies: what the API takes, and how it says no."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.jobs.models import Job
from evalhub.jobs.services import MOST_WAITING
from evalhub.judgments.models import Judgment
from tests.factories import JobFactory
from tests.security.routes import Route, all_routes
from tests.security.world import World

Enter = Callable[[Member], Client]

# Fields of the rows behind the API that decide whose they are, and what they count for
NOT_YOURS = ["member", "workspace", "source", "created_by", "by", "roles", "kind", "judged_at"]
NOT_YOURS += ["state", "id", "uid", "overlap", "permutation", "supersedes"]
ODD_BODIES = [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 5000, b'{"a":' * 5000]
ODD_BODIES += [b'{"token": 1e999}', b'{"token": NaN}', b'{"token": 123456789012345678901234567890}']


def leased(client: Client, world: World) -> dict[str, Any]:
    url = f"/api/v1/campaigns/{world.uids['Campaign']}/claim"
    claimed = client.post(url, {}, content_type="application/json")
    answer: dict[str, Any] = claimed.json()
    return answer


def body_for(lease: dict[str, Any], **more: object) -> dict[str, object]:
    ratings = [{"response": label, "criterion": "clarity", "value": 4} for label in "AB"]
    return {
        "token": lease["token"],
        "submission_id": str(uuid.uuid4()),
        "ratings": ratings,
        "preferences": [{"criterion": None, "choice": "A", "strength": 1}],
        **more,
    }


def test_a_submit_takes_no_field_that_is_not_the_judges_to_say(
    world: World, bob: Member, olga: Member, with_token: Enter
) -> None:
    """The class: roles, owners and sources set through a REST body (CVE-2024-40442 of a peer)."""
    client = with_token(bob)
    lease = leased(client, world)
    url = f"/api/v1/assignments/{lease['assignment']}/submit"
    for field in NOT_YOURS:
        body = body_for(lease, **{field: str(olga.uid)})
        answer = client.post(url, body, content_type="application/json")
        assert answer.status_code in {400, 422}, field
        assert field in answer.json()["detail"]
        assert not Judgment.objects.filter(member=bob).exists(), field
    body = body_for(lease)
    assert client.post(url, body, content_type="application/json").status_code == 201
    assert Judgment.objects.get(member=bob).source == "human"


def test_nobody_submits_for_another(
    world: World, bob: Member, charlie: Member, with_token: Enter, signed_in: Enter
) -> None:
    before = Judgment.objects.count()
    lease = leased(with_token(bob), world)
    url = f"/api/v1/assignments/{lease['assignment']}/submit"
    for client in (with_token(charlie), signed_in(charlie)):
        answer = client.post(url, body_for(lease), content_type="application/json")
        assert answer.status_code == 404
    assert Judgment.objects.count() == before


def posts_of_the_api(world: World) -> list[tuple[Route, str]]:
    kinds = {"assignments": "Assignment", "campaigns": "Campaign", "judgments": "Judgment"}
    kinds |= {
        "loops": "Loop",
        "rounds": "Round",
        "runs": "Run",
        "builds": "DatasetBuild",
        "exports": "Export",
    }
    kinds |= {
        "datasets": "Dataset",
        "imports": "Import",
        "jobs": "Job",
        "models": "LanguageModel",
        "sweeps": "sweep",
        "webhooks": "webhook",
        "deliveries": "delivery",
    }
    found = []
    for route in (route for route in all_routes() if route.path.startswith("api/v1/")):
        kind = kinds.get(route.path.split("/")[2], "Campaign")
        found.append((route, route.url(world.slugs | {"uid": str(world.uids[kind])})))
    return found


def test_no_odd_body_is_a_crash_and_each_refusal_is_a_problem(
    world: World, olga: Member, with_token: Enter
) -> None:
    """RFC 9457: type, title, status, detail, and a stable code, whatever went wrong."""
    client = with_token(olga)
    for _route, url in posts_of_the_api(world):
        for raw in ODD_BODIES:
            answer = client.generic("POST", url, raw, content_type="application/json")
            assert answer.status_code < 500, f"{url} {raw[:30]!r}"
            if answer.status_code >= 400:
                is_a_problem(answer, f"{url} {raw[:30]!r}")


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (401, "GET", "/api/v1/campaigns"),
        (404, "GET", f"/api/v1/campaigns/{uuid.UUID(int=1)}"),
        (404, "GET", "/api/v1/nothing-here"),
        (405, "PUT", "/api/v1/campaigns"),
        (403, "GET", "/api/v1/judgments"),
        (415, "POST", "/api/v1/imports"),
    ],
)
def test_every_kind_of_refusal_has_the_same_shape(
    status: int,
    method: str,
    path: str,
    bob: Member,
    client: Client,
    with_token: Enter,
) -> None:
    sender = client if status == 401 else with_token(bob)
    answer = sender.generic(method, path, b"{}", content_type="application/json")
    assert answer.status_code == status
    is_a_problem(answer, path)


def is_a_problem(answer: Any, place: str) -> None:
    assert answer.headers["Content-Type"].startswith("application/problem+json"), place
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(problem), place
    assert problem["status"] == answer.status_code
    assert problem["code"], place
    assert problem["detail"], place
    assert "Traceback" not in answer.content.decode()


def test_a_flood_of_jobs_is_stopped_and_leaves_the_others_alone(
    world: World, olga: Member, signed_in: Enter
) -> None:
    """Queue flooding: one who starts jobs without end starves everybody (CVE-2026-2108)."""
    JobFactory.create_batch(MOST_WAITING, workspace=olga.workspace)
    before = Job.objects.count()
    url = f"/w/acme/datasets/{world.uids['Dataset']}/build/"
    answer = signed_in(olga).post(url)
    assert answer.status_code == 429, answer.content.decode()[:500]
    assert Job.objects.count() == before
