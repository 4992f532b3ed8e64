"""Rubrics by the API: the same document, checks and errors as by the pages."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.rubrics.models import Rubric, RubricVersion
from tests.evalhub.judgments.conftest import client_of
from tests.factories import CriterionFactory

pytestmark = pytest.mark.django_db

RUBRICS = "/api/v1/rubrics"
DOCUMENT: dict[str, Any] = {
    "format": "evalhub-rubric-1",
    "name": "Harm",
    "guidelines": "Read twice.",
    "error_types": [{"name": "Dangerous", "description": ""}],
    "severities": [],
    "criteria": [{"slug": "safe", "name": "Safe", "question": "Is it safe?", "kind": "yes_no"}],
}


@pytest.fixture
def lead(alice: Member) -> APIClient:
    return client_of(alice)


def test_a_rubric_is_made_published_read_and_made_anew(lead: APIClient, alice: Member) -> None:
    made = lead.post(RUBRICS, {"slug": "harm", "document": DOCUMENT}, format="json")
    assert made.status_code == 201
    assert (made.data["name"], made.data["number"], made.data["published_at"]) == ("Harm", 1, None)
    one = f"{RUBRICS}/versions/{made.data['uid']}"
    assert lead.post(f"{one}/publish").data["published_at"] is not None
    assert lead.post(f"{one}/publish").json()["code"] == "rubric_frozen"
    read = lead.get(one).json()
    assert (read["guidelines"], read["criteria"][0]["slug"]) == ("Read twice.", "safe")
    next_ = f"{RUBRICS}/{made.data['rubric']}/versions"
    read["criteria"][0]["question"] = "Could nobody be hurt?"
    second = lead.post(next_, {"document": read}, format="json")
    assert (second.status_code, second.data["number"]) == (201, 2)
    criterion = RubricVersion.objects.get(uid=second.data["uid"]).criteria.get()
    assert criterion.question == "Could nobody be hurt?"
    again = lead.post(next_, {"document": read}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")  # a draft is there
    listed = lead.get(RUBRICS).json()["results"]
    assert [row["number"] for row in listed] == [2, 1]
    assert Entry.objects.filter(verb="rubric.created", actor=alice.pseudonym).count() == 1


def test_the_file_is_the_same_as_the_pages(lead: APIClient, alice: Member) -> None:
    criterion = CriterionFactory.create(version__rubric__workspace=alice.workspace)
    uid = criterion.version.uid
    lead.force_login(alice.user)
    page = lead.get(f"/w/{alice.workspace.slug}/rubrics/versions/{uid}/rubric.json")
    assert lead.get(f"{RUBRICS}/versions/{uid}").content == page.content


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "other"}, "format"),
        ({"criteria": []}, "criteria"),
        ({"criteria": [{"name": "A", "question": "B", "weight": 101}]}, "criteria[0].weight"),
        ({"criteria": [{"name": "A", "question": "B", "kind": "number"}]}, "criteria[0]"),
        ({"colour": "red"}, ""),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(
    lead: APIClient, change: dict[str, Any], field: str
) -> None:
    body = {"slug": "harm", "document": DOCUMENT | change}
    answer = lead.post(RUBRICS, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "unfit_rubric")
    assert answer.json()["field"].startswith(field)
    assert not Rubric.objects.exists()


def test_the_envelope_is_checked_too(lead: APIClient) -> None:
    for body in (
        {"slug": "A B", "document": DOCUMENT},
        {"slug": "a"},
        {"slug": "a", "document": 3},
    ):
        answer = lead.post(RUBRICS, body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_who_may_do_what(lead: APIClient, alice: Member, bob: Member, charlie: Member) -> None:
    criterion = CriterionFactory.create(version__rubric__workspace=alice.workspace)
    version = criterion.version
    one, rubric = f"{RUBRICS}/versions/{version.uid}", f"{RUBRICS}/{version.rubric.uid}/versions"
    annotator, stranger = client_of(bob), client_of(charlie)
    assert annotator.get(one).status_code == 200  # whoever judges by it may read it
    assert stranger.get(one).status_code == 404
    body = {"slug": "harm", "document": DOCUMENT}
    assert annotator.post(RUBRICS, body, format="json").status_code == 403
    assert annotator.post(rubric, body, format="json").status_code == 403
    assert annotator.post(f"{one}/publish").status_code == 403
    assert stranger.post(rubric, body, format="json").status_code == 404
    assert stranger.post(f"{one}/publish").status_code == 404
