"""The builder: kinds beside the scale, conditions, examples, weight, order."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.rubrics import drafts
from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.models import Criterion, RubricVersion
from evalhub.rubrics.services import create_rubric, new_version, publish_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(alice: Member) -> RubricVersion:
    """Asks whether it is safe: yes or no."""
    draft = create_rubric(workspace=alice.workspace, slug="harm", name="Harm", by=alice)
    drafts.add_criterion(version=draft, name="Safe", question="Is it?", kind="yes_no", by=alice)
    return draft


@pytest.fixture
def page(client: Client, alice: Member) -> Client:
    client.force_login(alice.user)
    return client


def post(page: Client, draft: RubricVersion, **more: object) -> int:
    body = {"name": "How much", "question": "?", "kind": "number", "low": "0", "high": "9"}
    url = f"/w/acme/rubrics/versions/{draft.uid}/criteria/add/"
    return page.post(url, body | more).status_code


def test_a_number_has_limits_and_no_anchors(page: Client, draft: RubricVersion) -> None:
    assert post(page, draft, weight="3") == 302
    number = draft.criteria.get(slug="how-much")
    assert (number.low, number.high, number.anchors, number.weight) == (0, 9, {}, 3)
    edit = page.get(f"/w/acme/rubrics/criteria/{number.uid}/edit/").content.decode()
    assert 'name="high" value="9"' in edit
    assert (
        "A whole number from 0 to 9."
        in page.get(f"/w/acme/rubrics/versions/{draft.uid}/").content.decode()
    )


@pytest.mark.parametrize(
    "more",
    [
        {"high": ""},
        {"high": "0"},
        {"high": "40000"},
        {"weight": "101"},
        {"weight": "-1"},
        {"examples": "Of a number?"},
        {"asked_if": "safe=7"},
        {"asked_if": "other=1"},
        {"kind": "scale", "anchors": "a\nb", "examples": "1\n2\n3"},
    ],
)
def test_what_nobody_could_answer_is_refused(
    page: Client, draft: RubricVersion, more: dict[str, str]
) -> None:
    assert post(page, draft, **more) == 422
    assert draft.criteria.count() == 1


def test_words_are_asked_after_an_answer_and_copied_into_the_next_version(
    page: Client, draft: RubricVersion, alice: Member
) -> None:
    assert post(page, draft, name="Harm", kind="text", asked_if="safe=0", cannot_tell="on") == 302
    words = draft.criteria.get(slug="harm")
    assert (words.asked_if, words.asked_if_values, words.cannot_tell) == ("safe", [0], False)
    edit = page.get(f"/w/acme/rubrics/criteria/{words.uid}/edit/").content.decode()
    assert '<option value="safe=0" selected>' in edit
    shown = page.get(f"/w/acme/rubrics/versions/{draft.uid}/").content.decode()
    assert "Only where Safe is: no" in shown
    publish_version(version=draft, by=alice)
    copy = new_version(rubric=draft.rubric, by=alice).criteria.get(slug="harm")
    assert (copy.asked_if, copy.asked_if_values) == ("safe", [0])


def test_answers_of_two_criteria_are_no_condition(
    page: Client, draft: RubricVersion, alice: Member
) -> None:
    drafts.add_criterion(version=draft, name="Kind", question="?", kind="yes_no", by=alice)
    assert post(page, draft, asked_if=["safe=0", "kind=0"]) == 422


def test_an_example_belongs_to_a_point_and_a_dash_is_none(
    page: Client, draft: RubricVersion
) -> None:
    anchors = "Rude.\nPlain.\nKind."
    assert post(page, draft, kind="scale", low="1", anchors=anchors, examples="Go!\n-\nDear") == 302
    criterion = draft.criteria.get(slug="how-much")
    assert criterion.examples == {"1": "Go!", "3": "Dear"}
    edit = page.get(f"/w/acme/rubrics/criteria/{criterion.uid}/edit/").content.decode()
    assert "Go!\n-\nDear" in edit


def orders(draft: RubricVersion) -> list[str]:
    return [each.slug for each in draft.criteria.order_by("position")]


def test_a_criterion_is_moved_and_the_outermost_stays(page: Client, draft: RubricVersion) -> None:
    post(page, draft)
    number = draft.criteria.get(slug="how-much")
    url = f"/w/acme/rubrics/criteria/{number.uid}/move/"
    for _again in range(2):
        assert page.post(url, {"to": "up"}).status_code == 302
        assert orders(draft) == ["how-much", "safe"]
    page.post(url, {"to": "down"})
    assert orders(draft) == ["safe", "how-much"]
    assert Entry.objects.filter(verb="rubric.criterion_moved").count() == 2


def test_what_hangs_on_a_later_question_is_not_published(
    draft: RubricVersion, alice: Member
) -> None:
    harm = drafts.add_criterion(
        version=draft,
        name="Harm",
        question="Which?",
        kind="text",
        asked_if="safe",
        asked_if_values=[0],
        by=alice,
    )
    drafts.move_criterion(criterion=harm, by=alice, up=True)
    with pytest.raises(UnfitRubric, match="does not come before"):
        publish_version(version=draft, by=alice)
    drafts.remove_criterion(criterion=Criterion.objects.get(slug="safe"), by=alice)
    with pytest.raises(UnfitRubric, match="does not come before"):
        publish_version(version=draft, by=alice)
