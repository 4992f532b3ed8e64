from __future__ import annotations

import json

import msgspec
import pytest

from evalhub.judgments.errors import InvalidJudgment, MalformedBody
from evalhub.judgments.sheet import body_from, fields_from

HIDDEN = {"token": "3", "submission_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "active_ms": ""}


@pytest.mark.parametrize(
    "fields",
    [
        {"rating.A.factuality": "4", "rating.B.safety": "none", "critique": "Fine."},
        {"preference": "A2"},
        {"preference": "B1"},
        {"preference": "both_bad", "preference.safety": "tie"},
        {"preference": "A1", "preference.tone": "B2", "comment.preference.tone": "It barks."},
        {"rank.A": "2", "rank.B": "1", "rank.C": "2"},
        {"correction.A": "Better."},
        {"rating.prompt.topic": "2", "comment.prompt.topic": "Why not?"},
        {"rating.A.tone.3": "none", "reason.A.tone.3": "not_my_field"},
        {"rating.A.tone": "-1"},
        {"step.A.0": "right", "step.A.1": "wrong"},
        {"call.A.0": "both", "call.A.1": "tool", "call.B.0": "none"},
        {"demonstration": "Dear all."},
    ],
)
def test_what_the_form_said_comes_back_into_the_form(fields: dict[str, str]) -> None:
    body = body_from(HIDDEN | fields)
    again = fields_from(msgspec.to_builtins(body))
    assert {name: value for name, value in again.items() if value != "cannot_tell"} == fields


@pytest.mark.parametrize("about", ["A.tone", "prompt.topic", "A.tone.3", "preference.tone"])
def test_a_comment_beside_no_answer_is_asked_about(about: str) -> None:
    """It has no row to stand in: to take the rest would lose it."""
    with pytest.raises(InvalidJudgment, match="without an answer") as caught:
        body_from(HIDDEN | {"preference": "A2", f"comment.{about}": "Why not?"})
    assert caught.value.data["field"] == f"comment.{about}"
    body_from(HIDDEN | {"preference": "A2", f"comment.{about}": " "})


def test_a_gap_between_places_is_no_tier() -> None:
    body = body_from(HIDDEN | {"rank.A": "3", "rank.B": "1"})
    assert body.ranking == [["B"], ["A"]]


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("preference", "C1", "preferences[0].choice"),
        ("preference", "A9", "preferences[0].strength"),
        ("submission_id", "7", "submission_id"),
        ("token", "many", "token"),
    ],
)
def test_a_form_that_was_tampered_with_is_refused_by_name(
    field: str, value: str, place: str
) -> None:
    with pytest.raises(MalformedBody) as caught:
        body_from(HIDDEN | {field: value})
    assert caught.value.data["field"] == place


def test_a_draft_that_fits_nothing_is_an_empty_form() -> None:
    odd = {"ratings": "x", "preferences": [3], "ranking": [[1]], "critique": None}
    assert fields_from(odd) == {}


def test_marked_passages_come_back_as_they_were_sent() -> None:
    span = {"response": "A", "start": 3, "end": 9, "error_type": "false"}
    body = body_from(HIDDEN | {"spans": json.dumps([span])})
    kept = json.loads(fields_from(msgspec.to_builtins(body))["spans"])
    assert [{name: row[name] for name in span} for row in kept] == [span]


def test_marked_passages_that_are_no_json_are_refused() -> None:
    with pytest.raises(MalformedBody):
        body_from(HIDDEN | {"spans": "[{"})


@pytest.mark.parametrize(("steps", "code"), [(3, "A1"), (5, "A2"), (7, "A3")])
def test_a_page_with_fewer_steps_takes_the_strongest_it_has(steps: int, code: str) -> None:
    body = {"preferences": [{"choice": "A", "strength": 3}]}
    assert fields_from(body, preference_steps=steps) == {"preference": code}
