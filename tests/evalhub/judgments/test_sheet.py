from __future__ import annotations

import msgspec
import pytest

from evalhub.judgments.errors import MalformedBody
from evalhub.judgments.sheet import body_from, fields_from

HIDDEN = {"token": "3", "submission_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "active_ms": ""}


@pytest.mark.parametrize(
    "fields",
    [
        {"rating.A.factuality": "4", "rating.B.safety": "none", "critique": "Fine."},
        {"preference": "A2", "critique": ""},
        {"preference": "B1", "critique": ""},
        {"preference": "both_bad", "critique": ""},
        {"rank.A": "2", "rank.B": "1", "rank.C": "2", "critique": ""},
        {"correction.A": "Better.", "critique": ""},
    ],
)
def test_what_the_form_said_comes_back_into_the_form(fields: dict[str, str]) -> None:
    body = body_from(HIDDEN | fields)
    assert fields_from(msgspec.to_builtins(body)) == fields


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
    assert fields_from(odd) == {"critique": ""}
