"""Rubrics: what may be written, what is frozen, who may read it."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.models import Entry
from evalhub.common.errors import Conflict
from evalhub.rubrics import drafts
from evalhub.rubrics.access import access_criterion
from evalhub.rubrics.errors import RubricFrozen, UnfitRubric
from evalhub.rubrics.models import Criterion, Rubric, RubricVersion
from evalhub.rubrics.naming import lines_of, named_from
from evalhub.rubrics.services import create_rubric, default_rubric, new_version, publish_version
from tests.factories import CriterionFactory, RubricVersionFactory

ANCHORS = ["Rude.", "Neutral.", "Kind."]
CRITERION = {
    "kind": "scale",
    "name": "Tone",
    "question": "How does it sound?",
    "anchors": "Rude.\nNeutral.\n\nKind.",
    "low": "1",
    "required": "on",
}


@pytest.fixture
def draft(alice: Member) -> RubricVersion:
    return create_rubric(workspace=alice.workspace, slug="tone", name="Tone", by=alice)


def add_tone(draft: RubricVersion, by: Member, name: str = "Tone") -> Criterion:
    return drafts.add_criterion(
        version=draft, name=name, question="How does it sound?", anchors=ANCHORS, by=by
    )


def test_the_default_rubric_says_what_every_point_means(acme: Workspace) -> None:
    version = default_rubric(workspace=acme)

    criteria = list(version.criteria.all())
    assert [one.slug for one in criteria] == ["relevance", "factuality", "safety", "helpfulness"]
    assert all(one.anchors[str(point)] for one in criteria for point in range(1, 6))
    assert all(one.cannot_tell for one in criteria)
    assert version.is_frozen


def test_the_default_rubric_is_made_once(acme: Workspace) -> None:
    assert default_rubric(workspace=acme) == default_rubric(workspace=acme)
    assert Rubric.objects.count() == 1


def test_the_number_of_anchors_is_the_scale(draft: RubricVersion, alice: Member) -> None:
    criterion = add_tone(draft, alice)
    assert (criterion.low, criterion.high) == (1, 3)
    assert criterion.anchors == {"1": "Rude.", "2": "Neutral.", "3": "Kind."}


def test_a_scale_of_one_point_is_refused(draft: RubricVersion, alice: Member) -> None:
    with pytest.raises(UnfitRubric):
        drafts.add_criterion(version=draft, name="T", question="?", anchors=["one"], by=alice)
    assert not draft.criteria.exists()


def test_two_criteria_of_one_name_are_refused(draft: RubricVersion, alice: Member) -> None:
    add_tone(draft, alice)
    with pytest.raises(Conflict):
        add_tone(draft, alice)
    assert draft.criteria.count() == 1


def test_a_published_version_refuses_every_edit(draft: RubricVersion, alice: Member) -> None:
    criterion = add_tone(draft, alice)
    publish_version(version=draft, by=alice)

    with pytest.raises(RubricFrozen):
        drafts.set_guidelines(version=draft, guidelines="New.", by=alice)
    with pytest.raises(RubricFrozen):
        add_tone(draft, alice, name="Another")
    with pytest.raises(RubricFrozen):
        drafts.remove_criterion(criterion=criterion, by=alice)
    with pytest.raises(RubricFrozen):
        access_criterion(alice, criterion.uid)
    assert draft.criteria.get() == criterion


def test_an_edit_of_a_stale_draft_finds_it_frozen(draft: RubricVersion, alice: Member) -> None:
    criterion = add_tone(draft, alice)
    stale = RubricVersion.objects.get(pk=draft.pk)
    publish_version(version=draft, by=alice)
    with pytest.raises(RubricFrozen):
        drafts.set_guidelines(version=stale, guidelines="New.", by=alice)
    with pytest.raises(RubricFrozen):
        drafts.edit_criterion(
            criterion=criterion,
            name="Other",
            question="?",
            anchors=ANCHORS,
            low=1,
            required=True,
            cannot_tell=True,
            by=alice,
        )


def test_a_version_without_criteria_is_not_published(draft: RubricVersion, alice: Member) -> None:
    with pytest.raises(UnfitRubric):
        publish_version(version=draft, by=alice)


def test_a_new_version_is_a_draft_with_the_same_criteria(
    draft: RubricVersion, alice: Member
) -> None:
    first = add_tone(draft, alice)
    publish_version(version=draft, by=alice)

    second = new_version(rubric=draft.rubric, by=alice)

    assert (second.number, second.is_frozen) == (2, False)
    copy = second.criteria.get()
    assert (copy.slug, copy.anchors) == (first.slug, first.anchors)
    assert copy.uid != first.uid
    with pytest.raises(Conflict):
        new_version(rubric=draft.rubric, by=alice)


def test_alice_writes_and_publishes_a_rubric_in_pages(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    made = client.post("/w/acme/rubrics/new/", {"name": "Tone", "slug": "tone"})
    version = RubricVersion.objects.get()
    assert made.headers["Location"] == f"/w/acme/rubrics/versions/{version.uid}/edit/"

    at = f"/w/acme/rubrics/versions/{version.uid}"
    client.post(f"{at}/criteria/add/", CRITERION)
    client.post(f"{at}/edit/", {"guidelines": "Read **all** of it."})
    criterion = version.criteria.get()
    client.post(f"/w/acme/rubrics/criteria/{criterion.uid}/edit/", CRITERION | {"question": "Hm?"})
    client.post(f"{at}/publish/")

    shown = client.get(f"{at}/").content.decode()
    assert "Hm?" in shown
    assert "<strong>all</strong>" in shown
    assert "Neutral." in shown
    assert "published" in shown
    assert Entry.objects.filter(verb="rubric.published", actor="alice").count() == 1


def test_a_frozen_version_has_no_edit_page(client: Client, alice: Member) -> None:
    version = CriterionFactory.create(version__rubric__workspace=alice.workspace).version
    client.force_login(alice.user)
    answer = client.get(f"/w/acme/rubrics/versions/{version.uid}/edit/")
    assert answer.status_code == 409
    assert "make a new version" in answer.content.decode()


def test_bob_reads_a_version_and_may_not_edit_it(client: Client, bob: Member) -> None:
    version = RubricVersionFactory.create(rubric__workspace=bob.workspace, published_at=None)
    client.force_login(bob.user)
    assert client.get(f"/w/acme/rubrics/versions/{version.uid}/").status_code == 200
    assert client.get(f"/w/acme/rubrics/versions/{version.uid}/edit/").status_code == 403
    assert client.post(f"/w/acme/rubrics/versions/{version.uid}/publish/").status_code == 403


def test_guidelines_of_a_hostile_lead_stay_text(client: Client, alice: Member) -> None:
    version = RubricVersionFactory.create(
        rubric__workspace=alice.workspace, guidelines="<img src=x onerror=alert(1)>"
    )
    client.force_login(alice.user)
    shown = client.get(f"/w/acme/rubrics/versions/{version.uid}/").content.decode()
    assert "<img" not in shown


# Kinds of criteria, and what can be wrong in a passage


def post_criterion(client: Client, draft: RubricVersion, **more: str) -> int:
    url = f"/w/acme/rubrics/versions/{draft.uid}/criteria/add/"
    body = {"name": "Polite", "question": "Is it?", "low": "1", "anchors": "", **more}
    return client.post(url, body).status_code


@pytest.mark.parametrize("words", ["", "Rude.\nPolite."])
def test_yes_or_no_needs_no_words(
    client: Client, alice: Member, draft: RubricVersion, words: str
) -> None:
    client.force_login(alice.user)
    assert post_criterion(client, draft, kind="yes_no", anchors=words, asks_comment="on") == 302
    criterion = draft.criteria.get()
    assert (criterion.kind, criterion.low, criterion.high) == ("yes_no", 0, 1)
    assert criterion.asks_comment
    no, yes = words.split("\n") if words else ("", "")
    assert criterion.answers == [("yes", yes), ("no", no)]
    assert publish_version(version=draft, by=alice).is_frozen
    edited = client.get(f"/w/acme/rubrics/versions/{draft.uid}/").content.decode()
    assert "<b>yes</b>" in edited


def test_a_choice_has_an_option_for_each_line(
    client: Client, alice: Member, draft: RubricVersion
) -> None:
    client.force_login(alice.user)
    assert post_criterion(client, draft, kind="choice", anchors="Poem\nLetter", low="-3") == 302
    criterion = draft.criteria.get()
    assert (criterion.low, criterion.high) == (1, 2)
    assert criterion.answers == [("", "Poem"), ("", "Letter")]
    shown = client.get(f"/w/acme/rubrics/criteria/{criterion.uid}/edit/").content.decode()
    assert "Poem\nLetter" in shown


def test_a_number_may_say_that_0_means_none(
    client: Client, alice: Member, draft: RubricVersion
) -> None:
    client.force_login(alice.user)
    number = {"kind": "number", "low": "0", "high": "99"}
    assert post_criterion(client, draft, **number, true_zero="on") == 302
    criterion = draft.criteria.get()
    assert criterion.true_zero
    shown = client.get(f"/w/acme/rubrics/versions/{draft.uid}/").text
    assert "A whole number from 0 to 99. 0 means none." in shown
    edited = client.get(f"/w/acme/rubrics/criteria/{criterion.uid}/edit/").text
    assert re.search(r'<input type="checkbox" name="true_zero"[^>]* checked', edited)
    assert publish_version(version=draft, by=alice).is_frozen
    assert new_version(rubric=draft.rubric).criteria.get().true_zero


def test_nothing_is_below_a_true_zero(client: Client, alice: Member, draft: RubricVersion) -> None:
    client.force_login(alice.user)
    url = f"/w/acme/rubrics/versions/{draft.uid}/criteria/add/"
    body = {"name": "Words", "question": "How many?", "kind": "number", "low": "-1", "high": "9"}
    refused = client.post(url, {**body, "true_zero": "on"})
    assert refused.status_code == 422
    assert "take 0 or more" in refused.text
    assert not draft.criteria.exists()
    scale = {**CRITERION, "true_zero": "on"}
    assert client.post(url, scale).status_code == 302  # of a scale it says nothing
    assert not draft.criteria.get().true_zero
    with (
        pytest.raises(IntegrityError, match="true_zero_is_of_numbers_from_0"),
        transaction.atomic(),
    ):
        draft.criteria.update(true_zero=True)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("yes_no", "Only one line"), ("choice", "One"), ("scale", ""), ("choice", "x\n" * 11)],
)
def test_words_that_do_not_fit_the_kind_are_refused(
    client: Client, alice: Member, draft: RubricVersion, kind: str, words: str
) -> None:
    client.force_login(alice.user)
    assert post_criterion(client, draft, kind=kind, anchors=words) == 422
    assert not draft.criteria.exists()


def test_error_types_are_written_one_a_line_and_copied_into_the_next_version(
    client: Client, alice: Member, draft: RubricVersion
) -> None:
    client.force_login(alice.user)
    url = f"/w/acme/rubrics/versions/{draft.uid}/edit/"
    words = {
        "guidelines": "",
        "error_types": "False statement: It is not so: not at all.\n\nOff topic\n错误",
        "severities": "Minor: Nobody is misled.",
    }
    client.post(url, words)
    draft.refresh_from_db()
    assert draft.error_types == [
        {
            "slug": "false-statement",
            "name": "False statement",
            "description": "It is not so: not at all.",
        },
        {"slug": "off-topic", "name": "Off topic", "description": ""},
        {"slug": "name-3", "name": "错误", "description": ""},
    ]
    assert "Off topic" in client.get(url).content.decode()
    add_tone(draft, alice)
    publish_version(version=draft, by=alice)
    second = new_version(rubric=draft.rubric, by=alice)
    assert (second.error_types, second.severities) == (draft.error_types, draft.severities)
    assert (
        "Nobody is misled."
        in client.get(f"/w/acme/rubrics/versions/{second.uid}/").content.decode()
    )


@pytest.mark.parametrize(
    "lines",
    ["Unsafe\nunsafe: again", ": no name", "x\n" * 31, f"{'n' * 81}: long", "a: " + "d" * 501],
)
def test_names_that_cannot_be_told_apart_or_kept_are_refused(
    client: Client, alice: Member, draft: RubricVersion, lines: str
) -> None:
    client.force_login(alice.user)
    url = f"/w/acme/rubrics/versions/{draft.uid}/edit/"
    assert client.post(url, {"guidelines": "New.", "error_types": lines}).status_code == 422
    draft.refresh_from_db()
    assert (draft.guidelines, draft.error_types) == ("", [])


def test_the_default_rubric_says_what_can_be_wrong_in_a_passage(acme: Workspace) -> None:
    version = default_rubric(workspace=acme)
    assert [each["slug"] for each in version.severities] == ["minor", "major", "critical"]
    assert len(version.error_types) == 5
    assert all(each["description"] for each in [*version.error_types, *version.severities])
    assert named_from(lines_of(version.error_types)) == version.error_types
