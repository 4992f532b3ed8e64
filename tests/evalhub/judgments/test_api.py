"""Claim and submit as outsiders rely on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from evalhub.accounts.models import ApiToken, Member
from evalhub.accounts.services import revoke_token, set_roles
from evalhub.campaigns.jobs import return_expired
from evalhub.campaigns.models import Assignment, Campaign, Draft, Task
from evalhub.jobs.models import News
from evalhub.judgments.models import Judgment
from tests.evalhub.judgments.conftest import body_for, client_of
from tests.factories import MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db


def claim(api: APIClient, campaign: Campaign, **body: Any) -> Any:
    return api.post(f"/api/v1/campaigns/{campaign.uid}/claim", body, format="json")


def submit(api: APIClient, assignment: str, body: dict[str, Any]) -> Any:
    return api.post(f"/api/v1/assignments/{assignment}/submit", body, format="json")


def test_a_claim_has_the_documented_shape(api: APIClient, campaign: Campaign) -> None:
    task = TaskFactory.create(campaign=campaign)
    answer = claim(api, campaign, holding=[])
    assert answer.status_code == 200
    claimed = answer.json()
    assert set(claimed) == {
        "assignment", "token", "expires_at", "campaign", "rubric_version", "task"
    }  # fmt: skip
    assert claimed["task"]["uid"] == str(task.uid)
    assert claimed["task"]["type"] == "comparison"
    assert claimed["task"]["conversation"] == task.prompt.messages
    assert [row["label"] for row in claimed["task"]["responses"]] == ["A", "B"]
    assert claimed["expires_at"].endswith("Z")


def test_nothing_left_is_204_and_a_full_hand_409(api: APIClient, campaign: Campaign) -> None:
    assert claim(api, campaign).status_code == 204
    TaskFactory.create_batch(3, campaign=campaign)
    held: list[str] = []
    for _ in range(2):
        held.append(claim(api, campaign, holding=held).json()["assignment"])
    full = claim(api, campaign, holding=held)
    assert (full.status_code, full.json()["code"]) == (409, "hand_full")


def test_submit_stores_the_judgment_and_answers_with_the_next_task(
    api: APIClient, campaign: Campaign, bob: Member
) -> None:
    first, second = (TaskFactory.create(campaign=campaign, lot=lot) for lot in (1, 2))
    claimed = claim(api, campaign).json()
    body = body_for(
        claimed["token"],
        claim_next=True,
        holding=[],
        active_ms=41200,
        ratings=[
            {"response": "A", "criterion": "factuality", "value": 4},
            {"response": "B", "criterion": "safety", "value": None, "reason": "unclear"},
        ],
        critique="A says where it knows it from.",
    )
    answer = submit(api, claimed["assignment"], body)
    assert answer.status_code == 201
    assert answer.json()["next"]["task"]["uid"] == str(second.uid)
    judgment = Judgment.objects.get(uid=answer.json()["judgment"])
    assert (judgment.member, judgment.task, judgment.source) == (bob, first, "human")
    assert (judgment.active_ms, judgment.critique) == (41200, body["critique"])
    values = judgment.ratings.order_by("pk").values_list("criterion__slug", "value", "reason")
    assert list(values) == [("factuality", 4, ""), ("safety", None, "unclear")]
    first.refresh_from_db()
    assert (first.judged, first.open_places) == (1, 0)
    news = News.objects.get(topic="judgment.counted")
    assert news.subject_uid == judgment.uid


@pytest.mark.parametrize("permutation", [[0, 1], [1, 0]])
@pytest.mark.parametrize(
    ("choice", "strength", "margin"),
    [("A", 3, 3), ("B", 1, -1), ("A", None, 1), ("tie", None, 0), ("both_bad", 2, 0)],
)
def test_a_preference_is_stored_towards_the_tasks_first_completion(
    api: APIClient,
    campaign: Campaign,
    permutation: list[int],
    choice: str,
    strength: int | None,
    margin: int,
) -> None:
    task = TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    Assignment.objects.update(permutation=permutation)
    preference = {"criterion": None, "choice": choice, "strength": strength}
    body = body_for(claimed["token"], preferences=[preference])
    assert submit(api, claimed["assignment"], body).status_code == 201
    stored = Judgment.objects.get().preferences.get()
    first, second = (row.completion for row in task.placed.order_by("place"))
    assert (stored.first, stored.second) == (first, second)
    assert stored.margin == (margin if permutation == [0, 1] else -margin)
    assert stored.both_bad == (choice == "both_bad")


def test_a_ranking_is_stored_in_tiers_of_completions(api: APIClient, campaign: Campaign) -> None:
    Campaign.objects.update(type="ranking")
    campaign.refresh_from_db()
    task = TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    Assignment.objects.update(permutation=[2, 0, 1])
    body = body_for(claimed["token"], preferences=[], ranking=[["B"], ["A", "C"]])
    assert submit(api, claimed["assignment"], body).status_code == 201
    tiers = dict(Judgment.objects.get().ranking.values_list("completion_id", "tier"))
    keys = list(task.placed.order_by("place").values_list("completion_id", flat=True))
    assert tiers == {keys[0]: 0, keys[2]: 1, keys[1]: 1}


def test_a_retry_gives_the_same_judgment_and_what_is_held_now(
    api: APIClient, campaign: Campaign
) -> None:
    TaskFactory.create_batch(3, campaign=campaign)
    claimed = claim(api, campaign).json()
    body = body_for(claimed["token"], claim_next=True)
    first = submit(api, claimed["assignment"], body)
    again = submit(api, claimed["assignment"], body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["judgment"] == again.json()["judgment"]
    assert first.json()["next"]["assignment"] == again.json()["next"]["assignment"]
    assert Judgment.objects.count() == 1
    assert Assignment.objects.held().count() == 1


@pytest.mark.django_db(transaction=True)  # the refused statement would end the test's own
def test_other_answers_under_the_same_submission_id_are_a_mismatch(
    api: APIClient, campaign: Campaign
) -> None:
    TaskFactory.create_batch(2, campaign=campaign)
    claimed = claim(api, campaign).json()
    body = body_for(claimed["token"], claim_next=True)
    following = submit(api, claimed["assignment"], body).json()["next"]
    for assignment, token in (
        (claimed["assignment"], claimed["token"]),
        (following["assignment"], following["token"]),
    ):
        answer = submit(api, assignment, body | {"critique": "other", "token": token})
        assert (answer.status_code, answer.json()["code"]) == (409, "submission_mismatch")
    assert Judgment.objects.count() == 1
    assert Assignment.objects.held().count() == 1


def test_a_strangers_assignment_is_absent_and_nothing_is_kept(
    api: APIClient, campaign: Campaign, charlie: Member, bob: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    colleague = MemberFactory.create(workspace=bob.workspace)
    for stranger in (charlie, colleague):
        body = body_for(claimed["token"])
        answer = submit(client_of(stranger), claimed["assignment"], body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    absent = submit(client_of(charlie), str(uuid4()), body)
    assert absent.json() == answer.json()
    assert not Draft.objects.exists()


def test_after_expiry_the_lease_is_lost_and_the_work_kept(
    api: APIClient, campaign: Campaign
) -> None:
    TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    Assignment.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    return_expired()
    body = body_for(claimed["token"], critique="long thoughts")
    answer = submit(api, claimed["assignment"], body)
    assert (answer.status_code, answer.json()["code"]) == (409, "lease_lost")
    draft = Draft.objects.get()
    assert (draft.late, draft.body["critique"]) == (True, "long thoughts")
    again = claim(api, campaign).json()
    assert again["assignment"] == claimed["assignment"]
    body["token"] = again["token"]
    assert submit(api, again["assignment"], body).status_code == 201
    assert not Draft.objects.exists()


def test_a_stale_token_is_fenced_out(api: APIClient, campaign: Campaign) -> None:
    TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    Assignment.objects.update(token=9)
    answer = submit(api, claimed["assignment"], body_for(claimed["token"]))
    assert (answer.status_code, answer.json()["code"]) == (409, "lease_lost")
    assert Draft.objects.get().body["preferences"]


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"colour": "red"}, 400, ""),
    ({"ratings": [{"response": "A", "criterion": "factuality", "value": "4"}]}, 400,
     "ratings[0].value"),
    ({"ratings": [{"response": "C", "criterion": "factuality", "value": 4}]}, 422,
     "ratings[0].response"),
    ({"ratings": [{"response": "A", "criterion": "charm", "value": 4}]}, 422,
     "ratings[0].criterion"),
    ({"ratings": [{"response": "A", "criterion": "factuality", "value": 6}]}, 422,
     "ratings[0].value"),
    ({"ratings": [{"response": "A", "criterion": "factuality", "value": None}]}, 422,
     "ratings[0].reason"),
    ({"ratings": [{"response": "A", "criterion": "safety", "value": 2}] * 2}, 422, "ratings[1]"),
    ({"preferences": []}, 422, "preferences"),
    ({"preferences": [{"criterion": None, "choice": "C"}]}, 400, "preferences[0].choice"),
    ({"preferences": [{"criterion": None, "choice": "A", "strength": 4}]}, 400,
     "preferences[0].strength"),
    ({"ranking": [["A"], ["B"]]}, 422, "ranking"),
    ({"spans": [{"response": "A", "start": 0, "end": 4, "error_type": "false"}]}, 422, "spans"),
    ({"corrections": [{"response": "A", "content": "x"}]}, 422, "corrections[0]"),
    ({"critique": "a\0b"}, 400, ""),
]  # fmt: skip


@pytest.mark.parametrize(("change", "status", "field"), WRONG)
def test_what_does_not_fit_is_named_and_nothing_is_stored(
    api: APIClient, campaign: Campaign, change: dict[str, Any], status: int, field: str
) -> None:
    TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    answer = submit(api, claimed["assignment"], body_for(claimed["token"]) | change)
    assert answer.status_code == status
    assert answer["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.get("field", "") == field
    assert problem["detail"]
    assert not Judgment.objects.exists()
    assert Assignment.objects.held().count() == 1
    good = submit(api, claimed["assignment"], body_for(claimed["token"]))
    assert good.status_code == 201


def test_a_rating_campaign_wants_every_required_criterion(
    api: APIClient, campaign: Campaign
) -> None:
    Campaign.objects.update(type="rating")
    campaign.refresh_from_db()
    TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    ratings = [{"response": "A", "criterion": "factuality", "value": 4}]
    body = body_for(claimed["token"], preferences=[], ratings=ratings)
    answer = submit(api, claimed["assignment"], body)
    assert (answer.status_code, answer.json()["field"]) == (422, "ratings")
    assert "Safety" in answer.json()["detail"]


def test_a_demotion_counts_from_the_next_request(
    api: APIClient, campaign: Campaign, bob: Member, olga: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    set_roles(member=bob, roles=["engineer"], by=olga)
    assert claim(api, campaign).status_code == 403
    assert submit(api, claimed["assignment"], body_for(claimed["token"])).status_code == 403


def test_a_revoked_token_submits_nothing(
    api: APIClient, campaign: Campaign, bob: Member, charlie: Member
) -> None:
    """A submit reads the token and the assignment at once; neither must be taken for the other."""
    TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    body = body_for(claimed["token"])
    assert submit(client_of(charlie), claimed["assignment"], body).status_code == 404
    assert submit(APIClient(), claimed["assignment"], body).status_code == 401
    revoke_token(token=ApiToken.objects.get(member=bob), by=bob)
    for assignment in (claimed["assignment"], str(uuid4())):
        assert submit(api, assignment, body | {"ratings": "broken"}).status_code == 401
    assert not Judgment.objects.exists()
    assert not Draft.objects.exists()


def test_a_change_of_mind_is_a_new_row(api: APIClient, campaign: Campaign, bob: Member) -> None:
    TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    first = submit(api, claimed["assignment"], body_for(claimed["token"])).json()["judgment"]
    body = body_for(1, preferences=[{"choice": "B"}])
    del body["token"]
    url = f"/api/v1/judgments/{first}/revise"
    revised = api.post(url, body, format="json")
    assert revised.status_code == 201
    assert api.post(url, body, format="json").json() == revised.json()
    current = Judgment.objects.current().get()
    assert str(current.supersedes.uid) == first
    assert Judgment.objects.count() == 2
    assert Task.objects.get().judged == 1
    other = api.post(url, body | {"submission_id": str(uuid4())}, format="json")
    assert other.status_code == 409


def test_nobody_revises_what_another_said(
    api: APIClient, campaign: Campaign, olga: Member, charlie: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    first = submit(api, claimed["assignment"], body_for(claimed["token"])).json()["judgment"]
    body = {"submission_id": str(uuid4()), "preferences": [{"choice": "B"}]}
    for other in (olga, charlie):
        answer = client_of(other).post(f"/api/v1/judgments/{first}/revise", body, format="json")
        assert answer.status_code == 404


def test_leads_read_judgments_page_by_page_and_annotators_do_not(
    api: APIClient, campaign: Campaign, alice: Member
) -> None:
    TaskFactory.create_batch(3, campaign=campaign)
    claimed = claim(api, campaign).json()
    while claimed:
        body = body_for(claimed["token"], claim_next=True)
        claimed = submit(api, claimed["assignment"], body).json()["next"]
    lead = client_of(alice)
    page = lead.get(f"/api/v1/judgments?campaign={campaign.uid}&limit=2").json()
    assert len(page["results"]) == 2
    assert abs(page["results"][0]["preferences"][0]["margin"]) == 2
    assert len(lead.get(page["next"]).json()["results"]) == 1
    assert api.get("/api/v1/judgments").status_code == 403
    assert lead.get("/api/v1/judgments?source=nobody").status_code == 400


def test_a_session_needs_the_csrf_token(campaign: Campaign, bob: Member) -> None:
    TaskFactory.create(campaign=campaign)
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(bob.user)
    assert claim(client, campaign).status_code == 403
    relaxed = APIClient()
    relaxed.force_login(bob.user)
    claimed = claim(relaxed, campaign).json()
    assert submit(relaxed, claimed["assignment"], body_for(claimed["token"])).status_code == 201


def test_keeping_and_giving_back_through_the_api(api: APIClient, campaign: Campaign) -> None:
    TaskFactory.create_batch(2, campaign=campaign)
    claimed = claim(api, campaign).json()
    url = f"/api/v1/assignments/{claimed['assignment']}"
    token = {"token": claimed["token"]}
    assert api.post(f"{url}/heartbeat", token, format="json").json()["expires_at"].endswith("Z")
    draft = api.post(f"{url}/draft", {"body": {"critique": "so far"}}, format="json")
    assert draft.json()["late"] is False
    assert api.post(f"{url}/skip", token, format="json").status_code == 204
    following = claim(api, campaign).json()
    assert following["assignment"] != claimed["assignment"]
    url = f"/api/v1/assignments/{following['assignment']}"
    token = {"token": following["token"]}
    assert api.post(f"{url}/release", token, format="json").status_code == 204
    lost = api.post(f"{url}/heartbeat", token, format="json")
    assert (lost.status_code, lost.json()["code"]) == (409, "lease_lost")


@pytest.mark.parametrize("act", ["release", "skip", "heartbeat", "draft", "submit"])
def test_nobody_touches_another_persons_lease(
    api: APIClient, campaign: Campaign, olga: Member, charlie: Member, act: str
) -> None:
    TaskFactory.create(campaign=campaign)
    claimed = claim(api, campaign).json()
    body = body_for(claimed["token"]) if act == "submit" else {"token": claimed["token"]}
    if act == "draft":
        body = {"body": {"critique": "mine now"}}
    for other in (olga, charlie):
        url = f"/api/v1/assignments/{claimed['assignment']}/{act}"
        answer = client_of(other).post(url, body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Assignment.objects.held().count() == 1
    assert not Draft.objects.exists()


def test_a_token_of_another_workspace_claims_nothing_here(
    campaign: Campaign, charlie: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    hidden = claim(client_of(charlie), campaign)
    absent = client_of(charlie).post(f"/api/v1/campaigns/{uuid4()}/claim", {}, format="json")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json() == absent.json()


@pytest.mark.parametrize("path", ["campaigns", "judgments"])
def test_no_filter_reaches_through_relations(api: APIClient, alice: Member, path: str) -> None:
    """Unknown parameters change nothing: no password hash can be guessed letter by letter."""
    lead = client_of(alice)
    probe = "created_by__user__password__startswith=a&ordering=member__user__password"
    assert lead.get(f"/api/v1/{path}?{probe}").json() == lead.get(f"/api/v1/{path}").json()
