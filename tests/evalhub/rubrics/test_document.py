"""Rubrics as JSON: out, in again, by the schema; and those that come with evalhub."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.common.errors import Conflict
from evalhub.rubrics.document import document_of, read_document, schema
from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.intake import add_criteria, rubric_from
from evalhub.rubrics.models import Criterion, RubricVersion
from evalhub.rubrics.services import default_rubric, publish_version
from evalhub.rubrics.shipped import SINGLE, WHOLE, template

SCHEMA = Path(__file__).parents[3] / "docs" / "rubric.schema.json"
TEMPLATES = [*WHOLE, *SINGLE]
PLAIN = {
    "format": "evalhub-rubric-1",
    "name": "Tone",
    "criteria": [
        {"name": "Safe", "question": "Is it?", "kind": "yes_no"},
        {
            "name": "Tone",
            "question": "How?",
            "points": [{"value": 1, "means": "Rude."}, {"value": 2, "means": "Kind."}],
        },
    ],
}


def made(alice: Member, document: dict[str, Any], slug: str = "tone") -> RubricVersion:
    return rubric_from(
        document=read_document(json.dumps(document).encode()),
        workspace=alice.workspace,
        slug=slug,
        name="Tone",
        by=alice,
    )


def test_the_schema_in_the_documentation_is_the_one_that_is_read_by() -> None:
    """EVALHUB_WRITE_SCHEMA=1 writes it."""
    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("EVALHUB_WRITE_SCHEMA"):
        SCHEMA.write_text(text)
    assert SCHEMA.read_text() == text


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_can_be_published_and_comes_out_as_it_went_in(name: str, alice: Member) -> None:
    document = template(name)
    version = rubric_from(
        document=document, workspace=alice.workspace, slug="new", name=document.name, by=alice
    )
    publish_version(version=version, by=alice)
    out = document_of(version)
    jsonschema.validate(json.loads(out), json.loads(SCHEMA.read_text()))
    again = rubric_from(
        document=read_document(out),
        workspace=alice.workspace,
        slug="x",
        name=document.name,
        by=alice,
    )
    assert document_of(again) == out


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_words_for_every_point(name: str) -> None:
    for criterion in template(name).criteria:
        assert all(point.means for point in criterion.points)
        if criterion.kind == "scale":
            values = [point.value for point in criterion.points]
            assert values in ([1, 2, 3], [1, 2, 3, 4, 5])


def test_the_default_rubric_comes_out_and_in(alice: Member) -> None:
    out = document_of(default_rubric(workspace=alice.workspace))
    again = made(alice, json.loads(out), slug="again")
    assert json.loads(document_of(again)) == json.loads(out) | {"name": "Tone"}


def test_a_number_whose_0_means_none_comes_out_and_in(alice: Member) -> None:
    limits = {"low": 0, "high": 9, "true_zero": True}
    version = made(alice, edited(["criteria", 1], NUMBER | {"limits": limits}))
    out = json.loads(document_of(version))
    jsonschema.validate(out, json.loads(SCHEMA.read_text()))
    assert out["criteria"][1]["limits"] == limits
    assert made(alice, out, slug="again").criteria.get(slug="words").true_zero


def edited(path: list[Any], value: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(PLAIN))
    inner: Any = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return document


NUMBER = {"name": "Words", "question": "How many?", "kind": "number",
          "limits": {"low": -1, "high": 9, "true_zero": True}}  # fmt: skip
AFTER = {"criterion": "tone", "values": [1]}


@pytest.mark.parametrize(
    ("path", "value", "field", "remedy"),
    [
        (["format"], "other", "format", "write “evalhub-rubric-1”"),
        (["criteria", 1, "kind"], "stars", "criteria[1].kind", "take one of scale"),
        (["criteria", 0, "weight"], 101, "criteria[0].weight", "0 to 100"),
        (["criteria", 0, "slug"], "No Slug", "criteria[0].slug", "lower-case"),
        (["criteria"], [], "criteria", "1 to 20"),
        (["surprise"], 1, "", "rubric.schema.json"),
        (["criteria", 1, "points", 1, "value"], 3, "criteria[1].points", "go up by one"),
        (["criteria", 1, "points"], [], "criteria[1]", "2 to 10 points"),
        (["criteria", 1, "limits"], {"low": 1, "high": 2}, "criteria[1].limits", "nothing else"),
        (["criteria", 1], NUMBER, "criteria[1].limits.low", "take 0 or more"),
        (["criteria", 0, "kind"], "number", "criteria[0].limits", "a number needs them"),
        (["criteria", 1, "kind"], "text", "criteria[1].points", "leave it empty"),
        (["criteria", 0, "points"], [{"value": 1}, {"value": 2}], "criteria[0].points", "with 0"),
        (["criteria", 0, "asked_if"], AFTER, "criteria[0]", "change the order"),
        (
            ["criteria", 1, "asked_if"],
            {"criterion": "safe", "values": [9]},
            "criteria[1]",
            "choose",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy_and_nothing_is_kept(
    alice: Member, path: list[Any], value: Any, field: str, remedy: str
) -> None:
    with pytest.raises(UnfitRubric) as caught:
        made(alice, edited(path, value))
    assert caught.value.data["field"] == field
    assert remedy in str(caught.value)
    assert not Criterion.objects.exists()
    assert not RubricVersion.objects.exists()


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 2000, b" " * 1_000_001])
def test_a_file_that_is_no_json_says_so(raw: bytes) -> None:
    with pytest.raises(UnfitRubric):
        read_document(raw)


def test_a_text_that_cannot_be_stored_is_refused() -> None:
    with pytest.raises(UnfitRubric, match=r"U\+0000"):
        read_document(json.dumps(PLAIN | {"guidelines": "a\0b"}).encode())


def test_a_line_break_in_an_anchor_does_not_become_a_point(alice: Member) -> None:
    version = made(alice, edited(["criteria", 1, "points", 0, "means"], "Rude\nand loud."))
    assert version.criteria.get(slug="tone").anchors["1"] == "Rude and loud."


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def page(self, client: Client, alice: Member) -> Client:
        client.force_login(alice.user)
        return client

    def test_alice_begins_with_a_template_and_adds_another(self, page: Client) -> None:
        body = {"name": "Notes", "slug": "notes", "template": "summarisation"}
        at = page.post("/w/acme/rubrics/new/", body).headers["Location"]
        version = RubricVersion.objects.get()
        assert "Faithfulness" in page.get(at).content.decode()
        add = at.replace("/edit/", "/template/")
        assert page.post(add, {"template": "safety"}).status_code == 302
        assert version.criteria.order_by("position").last().slug == "safety"  # type: ignore[union-attr]
        assert page.post(add, {"template": "safety"}).status_code == 409
        odd = page.post(add, {"template": "../../secret"}, follow=True)
        assert "There is no such template." in odd.content.decode()
        assert Entry.objects.filter(verb="rubric.criteria_taken_in").count() == 2

    def test_a_download_can_be_uploaded(self, page: Client, alice: Member) -> None:
        version = default_rubric(workspace=alice.workspace)
        answer = page.get(f"/w/acme/rubrics/versions/{version.uid}/rubric.json")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="default-v1.json"'
        file = SimpleUploadedFile("default-v1.json", answer.content)
        body = {"name": "Copy", "slug": "copy", "file": file}
        assert page.post("/w/acme/rubrics/new/", body).status_code == 302
        copy = RubricVersion.objects.get(rubric__slug="copy")
        assert not copy.is_frozen
        assert copy.criteria.count() == 4

    def test_a_bad_file_says_what_is_wrong(self, page: Client) -> None:
        file = SimpleUploadedFile("x.json", json.dumps(edited(["format"], "other")).encode())
        answer = page.post("/w/acme/rubrics/new/", {"name": "X", "slug": "x", "file": file})
        assert answer.status_code == 422
        assert "format: " in answer.content.decode()


def test_criteria_that_are_there_already_are_a_conflict(alice: Member) -> None:
    version = made(alice, PLAIN)
    with pytest.raises(Conflict, match=r"criteria\[0\]\.slug"):
        add_criteria(version=version, document=read_document(json.dumps(PLAIN).encode()), by=alice)
    assert version.criteria.count() == 2
