"""Marked passages of a file: where they say, put right where that is certain, or told."""

from __future__ import annotations

from typing import Any

import pytest

from evalhub.accounts.models import Workspace
from evalhub.formats.rows import JudgmentRow
from evalhub.imports.models import RejectedRow
from evalhub.imports.queries import summary_of
from evalhub.imports.resolve import body_digest
from evalhub.judgments.models import Span
from tests import factories as make
from tests.evalhub.imports.test_reading import bring, counts, jsonl, judgment

pytestmark = pytest.mark.django_db

TEXT = "The cat 🐈 sat. The dog sat on the cat."


@pytest.fixture
def workspace(acme: Workspace) -> Workspace:
    """A prompt with one answer, and a rubric that knows one kind of error."""
    make.RubricVersionFactory.create(
        rubric__workspace=acme,
        rubric__slug="errors",
        error_types=[{"slug": "wrong", "name": "Wrong", "description": ""}],
        severities=[{"slug": "bad", "name": "Bad", "description": ""}],
    )
    answer = {"id": "p1-1", "model": "m", "content": TEXT}
    question = [{"role": "user", "content": "What sat?"}]
    bring(acme, jsonl({"id": "p1", "messages": question, "completions": [answer]}))
    return acme


def marked(workspace: Workspace, *spans: dict[str, Any], name: str = "j1") -> Any:
    told = [{"response": "p1-1", "error_type": "wrong"} | span for span in spans]
    row = judgment(name, responses=["p1-1"], preferences=[], rubric="errors", spans=told)
    return bring(workspace, jsonl(row), "judgments")


def test_offsets_count_code_points(workspace: Workspace) -> None:
    marked(workspace, {"start": 8, "end": 13, "text": "🐈 sat", "severity": "bad", "note": "who?"})
    span = Span.objects.get()
    assert (span.start, span.end, span.severity, span.note) == (8, 13, "bad", "who?")
    assert span.judgment.task.campaign.type == "rating"


def test_offsets_alone_are_taken_as_they_are(workspace: Workspace) -> None:
    marked(workspace, {"start": 0, "end": 3})
    assert Span.objects.get().end == 3


def test_a_text_that_stands_once_is_put_there_and_counted(workspace: Workspace) -> None:
    source = marked(workspace, {"start": 16, "end": 20, "text": "dog"}, {"start": 0, "end": 3})
    assert [(each.start, each.end) for each in Span.objects.order_by("pk")] == [(19, 22), (0, 3)]
    assert summary_of(source)["relocated_spans"] == 1


@pytest.mark.parametrize(
    ("span", "field", "told"),
    [
        ({"start": 1, "end": 4, "text": "cat"}, "spans[0].start", "more than one other place"),
        ({"start": 1, "end": 4, "text": "fox"}, "spans[0].text", "does not stand in the response"),
        ({"start": 1, "end": 99}, "spans[0].end", "no passage of a text of 38 characters"),
        ({"start": 3, "end": 3}, "spans[0].end", "no passage"),
        ({"start": 0, "end": 3, "error_type": "odd"}, "spans[0].error_type", "it has wrong"),
        ({"start": 0, "end": 3, "severity": "odd"}, "spans[0].severity", "it has bad"),
        ({"start": 0, "end": 3, "response": "p1-2"}, "spans[0].response", "none of the responses"),
        ({"start": 0, "end": 3, "text": ""}, "spans[0].text", "empty"),
        ({"start": -1, "end": 3}, "spans[0].start", ">= 0"),
    ],
    ids=str,
)
def test_what_cannot_be_placed_is_told(
    workspace: Workspace, span: dict[str, Any], field: str, told: str
) -> None:
    assert counts(marked(workspace, span)) == (1, 0, 0, 1)
    row = RejectedRow.objects.get()
    assert row.field == field
    assert told in row.reason
    assert not Span.objects.exists()


def test_a_passage_that_stands_twice_in_a_row_is_stored_once(workspace: Workspace) -> None:
    marked(workspace, {"start": 0, "end": 3}, {"start": 0, "end": 3, "note": "again"})
    assert Span.objects.count() == 1


def test_the_same_row_again_is_there_already_and_another_is_not(workspace: Workspace) -> None:
    marked(workspace, {"start": 0, "end": 3})
    assert counts(marked(workspace, {"start": 0, "end": 3})) == (1, 0, 1, 0)
    assert counts(marked(workspace, {"start": 0, "end": 7})) == (1, 0, 0, 1)


def test_a_row_without_spans_is_known_as_it_was_before_there_were_any() -> None:
    row = JudgmentRow(id="j", prompt="p", responses=["c"], critique="Good.")
    assert body_digest(row) == "588a7e4c7ba58730824a4e444c396a02789fc1ccf635be2d77e451b84047765a"
