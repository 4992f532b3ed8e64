"""The builder's other half: the rubric as its annotators will see it."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.rubrics import drafts
from evalhub.rubrics.models import Criterion, RubricVersion
from evalhub.rubrics.services import create_rubric

pytestmark = pytest.mark.django_db
TYPED = {"name": "Errors", "question": "How many?", "kind": "number", "low": "0", "high": "9"}


@pytest.fixture
def tone(alice: Member) -> Criterion:
    draft = create_rubric(workspace=alice.workspace, slug="tone", name="Tone", by=alice)
    return drafts.add_criterion(
        version=draft, name="Tone", question="How?", anchors=["Rude.", "Kind."], by=alice
    )


@pytest.fixture
def page(client: Client, alice: Member) -> Client:
    client.force_login(alice.user)
    return client


def url_of(version: RubricVersion) -> str:
    return f"/w/acme/rubrics/versions/{version.uid}/preview/"


def test_what_is_typed_is_shown_and_nothing_is_stored(page: Client, tone: Criterion) -> None:
    shown = page.post(url_of(tone.version), TYPED, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in shown
    assert 'name="rating.A.tone"' in shown
    assert 'type="number" name="rating.A.errors"' in shown
    assert [each.slug for each in tone.version.criteria.all()] == ["tone"]


def test_what_is_being_edited_stands_in_its_own_place(page: Client, tone: Criterion) -> None:
    typed = TYPED | {"kind": "scale", "anchors": "Bad.\nSo so.\nGood.", "criterion": str(tone.uid)}
    shown = page.post(url_of(tone.version), typed).content.decode()
    assert 'aria-description="So so."' in shown
    assert "Rude." not in shown
    tone.refresh_from_db()
    assert tone.anchors == {"1": "Rude.", "2": "Kind."}


def test_a_condition_is_alive_in_it(page: Client, tone: Criterion) -> None:
    typed = TYPED | {"asked_if": "tone=1"}
    shown = page.post(url_of(tone.version), typed).content.decode()
    assert 'data-asked-if="rating.A.tone" data-asked-values="1"' in shown


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"name": "Half"}, "Not all of it is written yet."),
        (TYPED | {"high": "0"}, "A number needs a lowest and a higher highest value"),
    ],
)
def test_what_cannot_be_shown_yet_says_why(
    page: Client, tone: Criterion, typed: dict[str, str], told: str
) -> None:
    shown = page.post(url_of(tone.version), typed)
    assert shown.status_code == 200
    assert told in shown.content.decode()
    assert "Rude." in shown.content.decode()


def test_without_a_script_it_is_a_page(page: Client, tone: Criterion) -> None:
    assert "<html" in page.get(url_of(tone.version)).content.decode()
