"""Reviews by a program: the same rules as on the page."""

from __future__ import annotations

from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from tests.evalhub.judgments.conftest import client_of
from tests.evalhub.judgments.test_review import drawn
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(campaign: Campaign) -> Campaign:
    campaign.review_share = 100
    campaign.save()
    return campaign


@pytest.fixture
def rita(bob: Member) -> Member:
    """She judges, too."""
    found: Member = MemberFactory.create(
        workspace=bob.workspace, pseudonym="rita", roles=["annotator", "reviewer"]
    )
    return found


@pytest.fixture
def api(rita: Member) -> APIClient:
    return client_of(rita)


def test_what_waits_is_lent_and_says_what_was_said_but_not_by_whom(
    api: APIClient, campaign: Campaign, bob: Member, rita: Member
) -> None:
    review = drawn(campaign, bob)
    drawn(campaign, rita)  # her own: nobody is told which of theirs it is
    listed = api.get(f"/api/v1/reviews?state=waiting&campaign={campaign.uid}").json()["results"]
    assert [each["uid"] for each in listed] == [str(review.uid)]
    lent = api.post(f"/api/v1/campaigns/{campaign.uid}/reviews/next").json()
    assert lent["uid"] == str(review.uid)
    assert lent["answers"]["preferences"] == [
        {"criterion": None, "choice": "A", "strength": 2, "comment": ""}
    ]
    assert [each["label"] for each in lent["task"]["responses"]] == ["A", "B"]
    assert lent["author"] is None
    api.post(f"/api/v1/reviews/{review.uid}/accept", {"seen": lent["judgment"]}, format="json")
    assert api.post(f"/api/v1/campaigns/{campaign.uid}/reviews/next").status_code == 204
    (settled,) = api.get("/api/v1/reviews?state=settled").json()["results"]
    assert (settled["verdict"], settled["author"], settled["reviewer"]) == (
        "accepted", bob.pseudonym, "rita",
    )  # fmt: skip


def test_a_verdict_takes_that_one_holds_it(api: APIClient, campaign: Campaign, bob: Member) -> None:
    review = drawn(campaign, bob)
    url, seen = f"/api/v1/reviews/{review.uid}", {"seen": str(review.judgment.uid)}
    refused = api.post(f"{url}/accept", seen, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert api.post(f"{url}/take").status_code == 200
    stale = api.post(f"{url}/accept", {"seen": str(uuid4())}, format="json")
    assert stale.status_code == 409
    assert api.post(f"{url}/accept", {}, format="json").status_code == 400
    assert api.post(f"{url}/accept", seen, format="json").json()["verdict"] == "accepted"


def test_it_goes_back_with_a_reason(api: APIClient, campaign: Campaign, bob: Member) -> None:
    review = drawn(campaign, bob)
    url, seen = f"/api/v1/reviews/{review.uid}", str(review.judgment.uid)
    api.post(f"{url}/take")
    without = api.post(f"{url}/return", {"seen": seen}, format="json")
    assert list(without.json()["fields"]) == ["reason"]
    told = api.post(f"{url}/return", {"seen": seen, "reason": "Read it again."}, format="json")
    assert told.json()["verdict"] == "returned"
    assert Judgment.objects.get(uid=seen).returned.reason == "Read it again."


def test_a_fix_counts_in_its_place_once(api: APIClient, campaign: Campaign, bob: Member) -> None:
    review = drawn(campaign, bob)
    url, seen = f"/api/v1/reviews/{review.uid}", str(review.judgment.uid)
    api.post(f"{url}/take")
    body = {
        "seen": seen,
        "submission_id": str(uuid4()),
        "preferences": [{"criterion": None, "choice": "B", "strength": 1}],
    }
    nothing = api.post(f"{url}/fix", body | {"preferences": []}, format="json")
    assert (nothing.status_code, nothing.json()["code"]) == (422, "invalid_judgment")
    first, again = (api.post(f"{url}/fix", body, format="json") for _ in range(2))
    assert first.status_code == 201
    assert first.json() == again.json()
    fix = Judgment.objects.get(uid=first.json()["judgment"])
    assert (fix.is_fix, str(fix.supersedes.uid)) == (True, seen)


def test_ones_own_is_hidden_and_an_annotator_reviews_nothing(
    api: APIClient, campaign: Campaign, bob: Member, rita: Member
) -> None:
    own = drawn(campaign, rita)
    assert api.get(f"/api/v1/reviews/{own.uid}").status_code == 404
    assert api.post(f"/api/v1/reviews/{own.uid}/take").status_code == 409
    assert client_of(bob).get(f"/api/v1/reviews/{own.uid}").status_code == 403
    assert api.get("/api/v1/reviews?state=open").json()["code"] == "malformed"
