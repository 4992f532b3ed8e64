"""Numbers, words and questions that hang on an answer: by the page, by the API, read back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.judgments.sheet import fields_from
from evalhub.judgments.told import answers_of
from tests.evalhub.judgments.conftest import body_for
from tests.evalhub.judgments.test_page import fields_of, url_of
from tests.factories import CampaignFactory, CriterionFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    """Asks: safe (yes or no); where it is not, which harm, in words; and how many errors, 0 to 40."""
    campaign = CampaignFactory.create(workspace=bob.workspace, type="rating")
    version = campaign.rubric_version
    CriterionFactory.create(version=version, slug="safe", kind="yes_no", low=0, high=1)
    CriterionFactory.create(
        version=version,
        slug="harm",
        kind="text",
        low=0,
        high=1,
        anchors={},
        cannot_tell=False,
        asked_if="safe",
        asked_if_values=[0],
    )
    CriterionFactory.create(
        version=version, slug="errors", kind="number", low=0, high=40, anchors={}
    )
    TaskFactory.create(campaign=campaign)
    return campaign


SAFE = {"response": "A", "criterion": "safe", "value": 1}
UNSAFE = {"response": "A", "criterion": "safe", "value": 0}
ERRORS = {"response": "A", "criterion": "errors", "value": 12}
HARM = {"response": "A", "criterion": "harm", "value": None, "comment": "It names a dose."}


def submit(api: APIClient, campaign: Campaign, *ratings: dict[str, Any]) -> Any:
    claimed = api.post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, format="json").json()
    body = body_for(claimed["token"], ratings=ratings, preferences=[])
    return api.post(f"/api/v1/assignments/{claimed['assignment']}/submit", body, format="json")


def stored(judgment: Judgment) -> dict[str, tuple[int | None, str, str]]:
    rows = judgment.ratings.select_related("criterion")
    return {row.criterion.slug: (row.value, row.reason, row.comment) for row in rows}


def test_a_number_and_words_are_stored_by_the_api(api: APIClient, campaign: Campaign) -> None:
    assert submit(api, campaign, UNSAFE, HARM, ERRORS).status_code == 201
    assert stored(Judgment.objects.get()) == {
        "safe": (0, "", ""),
        "harm": (None, "in_words", "It names a dose."),
        "errors": (12, "", ""),
    }


def test_what_is_not_asked_is_not_missing(api: APIClient, campaign: Campaign) -> None:
    assert submit(api, campaign, SAFE, ERRORS).status_code == 201


@pytest.mark.parametrize(
    ("ratings", "field"),
    [
        ([UNSAFE, ERRORS], "ratings"),
        ([SAFE, HARM, ERRORS], "ratings[1]"),
        ([HARM, UNSAFE | {"value": None, "reason": "unclear"}, ERRORS], "ratings[0]"),
        ([UNSAFE, HARM | {"value": 3}, ERRORS], "ratings[1].value"),
        ([UNSAFE, HARM | {"comment": "  "}, ERRORS], "ratings[1].comment"),
        ([UNSAFE, HARM | {"reason": "unclear"}, ERRORS], "ratings[1].reason"),
        ([SAFE, ERRORS | {"value": 41}], "ratings[1].value"),
        ([SAFE, ERRORS | {"value": None, "reason": "in_words"}], "ratings[1].reason"),
    ],
)
def test_an_answer_that_does_not_fit_its_kind_is_refused_by_name(
    api: APIClient, campaign: Campaign, ratings: list[dict[str, Any]], field: str
) -> None:
    answer = submit(api, campaign, *ratings)
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert not Judgment.objects.exists()


def test_the_plain_page_judges_them_and_a_look_back_shows_them(
    client: Client, bob: Member, campaign: Campaign
) -> None:
    client.force_login(bob.user)
    html = client.get(url_of(campaign)).content.decode()
    assert 'type="number" name="rating.A.errors"' in html
    assert "Only where Safe is: no" in html
    typed = {
        "rating.A.safe": "0",
        "words.A.harm": "It <b>names</b> a dose.",
        "rating.A.errors": "12",
    }
    assert client.post(url_of(campaign), fields_of(html) | typed).status_code == 302

    judgment = Judgment.objects.get()
    assert stored(judgment)["harm"] == (None, "in_words", "It <b>names</b> a dose.")
    assert fields_from(answers_of(judgment)) == typed
    shown = client.get(f"/w/acme/judgments/{judgment.uid}/").content.decode()
    assert "It &lt;b&gt;names&lt;/b&gt; a dose." in shown
    assert 'value="12" min="0" max="40"' in shown


def test_cannot_tell_stands_in_the_place_of_a_number(
    client: Client, bob: Member, campaign: Campaign
) -> None:
    client.force_login(bob.user)
    html = client.get(url_of(campaign)).content.decode()
    typed = {
        "rating.A.safe": "1",
        "rating.A.errors": "none",
        "reason.A.errors": "not_my_field",
    }
    assert client.post(url_of(campaign), fields_of(html) | typed).status_code == 302
    assert stored(Judgment.objects.get())["errors"] == (None, "not_my_field", "")


@pytest.fixture
def compared(bob: Member, campaign: Campaign) -> Campaign:
    """By the same rubric, criterion by criterion, with one task."""
    compared = CampaignFactory.create(
        workspace=bob.workspace,
        type="comparison",
        asks=["criteria"],
        rubric_version=campaign.rubric_version,
    )
    TaskFactory.create(campaign=compared)
    return compared


def test_words_and_what_is_not_always_asked_are_no_question_of_two_responses(
    client: Client, bob: Member, compared: Campaign
) -> None:
    client.force_login(bob.user)
    html = client.get(url_of(compared)).content.decode()
    assert 'name="preference.safe"' in html
    assert 'name="preference.harm"' not in html
    typed = {"preference": "A1", "preference.safe": "tie", "preference.errors": "B1"}
    assert client.post(url_of(compared), fields_of(html) | typed).status_code == 302
    assert Judgment.objects.get().preferences.count() == 3


def test_both_can_be_bad_in_one_criterion_and_one_of_them_better_overall(
    client: Client, bob: Member, compared: Campaign
) -> None:
    client.force_login(bob.user)
    html = client.get(url_of(compared)).content.decode()
    typed = {"preference": "B2", "preference.safe": "both_bad", "preference.errors": "tie"}
    for name in typed:
        assert f'name="{name}" value="both_bad" data-key="0"' in html
    assert client.post(url_of(compared), fields_of(html) | typed).status_code == 302
    judgment = Judgment.objects.get()
    found = judgment.preferences.values_list("criterion__slug", "both_bad")
    assert set(found) == {(None, False), ("safe", True), ("errors", False)}
    assert fields_from(answers_of(judgment)) == typed


def test_a_word_beside_a_preference_is_kept_with_it(
    client: Client, bob: Member, compared: Campaign
) -> None:
    compared.rubric_version.criteria.filter(slug="safe").update(asks_comment=True)
    client.force_login(bob.user)
    html = client.get(url_of(compared)).content.decode()
    assert 'name="comment.preference.safe"' in html
    typed = {"preference": "B2", "preference.safe": "A1", "preference.errors": "tie"}
    lost = typed | {"preference.safe": "", "comment.preference.safe": "B names a dose."}
    refused = client.post(url_of(compared), fields_of(html) | lost)
    assert (refused.status_code, Judgment.objects.count()) == (422, 0)
    assert "B names a dose." in refused.content.decode()
    typed["comment.preference.safe"] = "B names a dose."
    assert client.post(url_of(compared), fields_of(html) | typed).status_code == 302
    judgment = Judgment.objects.get()
    assert fields_from(answers_of(judgment)) == typed


def test_words_on_both_responses_as_a_whole_are_the_critique(
    api: APIClient, compared: Campaign
) -> None:
    claimed = api.post(f"/api/v1/campaigns/{compared.uid}/claim").json()
    preference = {"criterion": None, "choice": "A", "comment": "It is short."}
    answer = api.post(
        f"/api/v1/assignments/{claimed['assignment']}/submit",
        body_for(claimed["token"], preferences=[preference]),
        format="json",
    )
    assert answer.status_code == 422
    assert (answer.json()["field"], "critique" in answer.json()["detail"]) == (
        "preferences[0].comment",
        True,
    )


def test_an_example_is_read_where_the_point_is_chosen(
    client: Client, bob: Member, campaign: Campaign
) -> None:
    campaign.rubric_version.criteria.filter(slug="safe").update(examples={"0": "Take <ten>."})
    client.force_login(bob.user)
    html = client.get(url_of(campaign)).content.decode()
    assert '<dt>no</dt><dd dir="auto">Take &lt;ten&gt;.</dd>' in html
