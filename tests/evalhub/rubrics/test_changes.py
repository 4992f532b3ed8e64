"""What a version changes, and what a lead says becomes of earlier answers."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.common.errors import Conflict
from evalhub.rubrics import drafts
from evalhub.rubrics.carried import Decision
from evalhub.rubrics.carrying import set_carry_rules
from evalhub.rubrics.changes import criterion_changes, named_changes, word_diff
from evalhub.rubrics.errors import UnfitCarryRule
from evalhub.rubrics.models import Carrying, CarryRule, Criterion, RubricVersion
from evalhub.rubrics.services import create_rubric, new_version, publish_version

THREE = ["Rude.", "Neutral.", "Kind."]


@pytest.fixture
def as_alice(alice: Member, client: Client) -> Client:
    client.force_login(alice.user)
    return client


@pytest.fixture
def as_bob(bob: Member, client: Client) -> Client:
    client.force_login(bob.user)
    return client


@pytest.fixture
def first(alice: Member) -> RubricVersion:
    draft = create_rubric(workspace=alice.workspace, slug="tone", name="Tone", by=alice)
    for name in ("Tone", "Truth", "Length"):
        drafts.add_criterion(
            version=draft, name=name, question=f"How is the {name}?", anchors=THREE, by=alice
        )
    return publish_version(version=draft, by=alice)


@pytest.fixture
def second(first: RubricVersion, alice: Member) -> RubricVersion:
    """Tone has four points, Truth is worded otherwise, Length has gone and Style has come."""
    draft = new_version(rubric=first.rubric, by=alice)
    tone, truth, length = draft.criteria.order_by("position")
    drafts.edit_criterion(
        criterion=tone, name="Tone", question=tone.question, anchors=[*THREE, "Warm."], by=alice
    )
    drafts.edit_criterion(
        criterion=truth, name="Truth", question="How true is it?", anchors=THREE, by=alice
    )
    drafts.remove_criterion(criterion=length, by=alice)
    drafts.add_criterion(version=draft, name="Style", question="And?", anchors=THREE, by=alice)
    return publish_version(version=draft, by=alice)


def url(version: RubricVersion, page: str = "changes") -> str:
    workspace = version.rubric.workspace.slug
    return f"/w/{workspace}/rubrics/versions/{version.uid}/{page}/"


def rule(name: str, **values: int) -> Decision:
    return Decision(Carrying(name), {int(k[1:]): v for k, v in values.items()}, is_said=True)


def test_words_are_compared_with_the_space_before_them() -> None:
    pieces = word_diff("Is it\n true?", "Is it all true?")
    assert "".join(each.text for each in pieces if each.kind != "added") == "Is it\n true?"
    assert "".join(each.text for each in pieces if each.kind != "removed") == "Is it all true?"
    assert word_diff("", "new") == [("added", "new")]
    assert word_diff("a  ", "a") == [("same", "a"), ("removed", "  ")]


@pytest.mark.django_db
def test_each_criterion_says_what_became_of_it(first: RubricVersion, second: RubricVersion) -> None:
    found = criterion_changes(list(first.criteria.all()), list(second.criteria.all()))

    tone, truth, style, length = found
    assert [each.what for each in tone.changes] == ["scale", "anchor of 4"]
    assert [each.what for each in truth.changes] == ["question"]
    assert style.earlier is None
    assert length.later is None
    assert not any(each.is_moved for each in found)


def test_what_stands_elsewhere_in_the_order_is_moved() -> None:
    old = [Criterion(slug=slug, name=slug, position=n) for n, slug in enumerate("abc")]
    new = [Criterion(slug=slug, name=slug, position=n) for n, slug in enumerate("cab")]
    found = criterion_changes(old, new)
    assert [each.name for each in found if each.is_moved] == ["c"]
    assert not any(each.changes for each in found)


def test_error_types_are_compared_by_slug() -> None:
    old = [{"slug": "fact", "name": "Fact", "description": "false"}, {"slug": "x", "name": "X"}]
    new = [{"slug": "fact", "name": "Fact", "description": "untrue"}]
    assert [each.what for each in named_changes(old, new)] == ["fact", "x"]


@pytest.mark.django_db
def test_the_page_shows_words_removed_and_added_and_escapes_them(
    first: RubricVersion, second: RubricVersion, alice: Member, as_alice: Client
) -> None:
    Criterion.objects.filter(version=second, slug="style").update(question="<script>x</script>")
    page = as_alice.get(url(second)).content.decode()
    assert "<ins>Warm.</ins>" in page
    assert "<del> the Truth?</del><ins> it?</ins>" in page
    assert "<script>x" not in page
    assert "Nothing to compare" in as_alice.get(url(first)).content.decode()
    backwards = as_alice.get(url(first), {"from": str(second.uid)}).content.decode()
    assert "<del>Warm.</del>" in backwards


@pytest.mark.django_db
def test_another_rubrics_version_is_not_found(second: RubricVersion, as_alice: Client) -> None:
    other = create_rubric(workspace=second.rubric.workspace, slug="other", name="Other")
    for strange in (str(other.uid), "nonsense"):
        assert as_alice.get(url(second), {"from": strange}).status_code == 404


@pytest.mark.django_db
def test_a_lead_sets_rules_on_the_page(second: RubricVersion, as_alice: Client) -> None:
    page = as_alice.get(url(second)).content.decode()
    assert "tone.3" in page
    told = {"tone": "map", "tone.1": "1", "tone.3": "4", "truth": "keep"}

    answer = as_alice.post(url(second, "carry"), told)

    assert answer.status_code == 302
    stored = {row.criterion.slug: (row.rule, row.values) for row in CarryRule.objects.all()}
    assert stored == {"tone": ("map", {"1": 1, "3": 4}), "truth": ("keep", {})}
    entry = Entry.objects.get(verb="rubric.carry_rules_set")
    assert entry.details["rules"]["tone"] == {"rule": "map", "values": {"1": 1, "3": 4}}
    as_alice.post(url(second, "carry"), told)
    assert CarryRule.objects.count() == 2  # nothing new was said
    assert 'value="map" selected' in as_alice.get(url(second)).content.decode()


@pytest.mark.django_db
def test_a_map_without_a_table_is_refused_with_the_reason(
    second: RubricVersion, as_alice: Client
) -> None:
    answer = as_alice.post(url(second, "carry"), {"tone": "map", "truth": "again"})
    assert answer.status_code == 422
    assert "say for one point at least" in answer.content.decode()
    assert not CarryRule.objects.exists()


@pytest.mark.django_db
def test_rules_fit_the_scales_and_a_published_version(second: RubricVersion, alice: Member) -> None:
    for wrong in (
        {"tone": rule("keep")},  # three points became four
        {"tone": rule("map", _1=5)},
        {"tone": rule("map", _0=1)},
        {"length": rule("again")},
    ):
        with pytest.raises(UnfitCarryRule):
            set_carry_rules(version=second, rules=wrong, by=alice)
    draft = new_version(rubric=second.rubric, by=alice)
    with pytest.raises(Conflict):
        set_carry_rules(version=draft, rules={}, by=alice)
    assert not CarryRule.objects.exists()


@pytest.mark.django_db
def test_an_annotator_reads_the_changes_and_sets_nothing(
    second: RubricVersion, as_bob: Client
) -> None:
    page = as_bob.get(url(second))
    assert page.status_code == 200
    assert "Save the rules" not in page.content.decode()
    assert as_bob.post(url(second, "carry"), {"truth": "keep"}).status_code in (403, 404)
    assert not CarryRule.objects.exists()
