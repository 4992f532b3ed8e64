"""What passes a gold: the expert's answer, what else is accepted, the tolerance."""

from __future__ import annotations

import pytest

from evalhub.gold.rule import Rule, checks_of
from evalhub.rubrics.models import Criterion

CRITERIA = {
    "clarity": Criterion(slug="clarity", kind="scale", low=1, high=5),
    "polite": Criterion(slug="polite", kind="yes_no", low=0, high=1),
    "topic": Criterion(slug="topic", kind="choice", low=1, high=3),
    "words": Criterion(slug="words", kind="number", low=0, high=100),
}


def passes(name: str, mine: str, right: str, **rule: object) -> list[bool]:
    found = checks_of({name: mine}, Rule({name: right}, **rule), CRITERIA)  # type: ignore[arg-type]  # by name
    return [check.passed for check in found]


@pytest.mark.parametrize(
    ("name", "mine", "right", "rule", "verdicts"),
    [
        ("rating.A.clarity", "4", "4", {}, [True]),
        ("rating.A.clarity", "3", "4", {}, [False]),
        ("rating.A.clarity", "3", "4", {"tolerance": 1}, [True]),
        ("rating.A.clarity", "2", "4", {"tolerance": 1}, [False]),
        ("rating.A.clarity.2", "3", "4", {"tolerance": 1}, [True]),  # of an earlier turn
        ("rating.A.clarity", "1", "4", {"also": {"rating.A.clarity": ["1"]}}, [True]),
        ("rating.A.words", "40", "42", {"tolerance": 2}, [True]),
        ("rating.A.polite", "0", "1", {"tolerance": 1}, [False]),  # yes is not near no
        ("rating.prompt.topic", "2", "1", {"tolerance": 1}, [False]),  # nor a choice to the next
        ("rating.prompt.topic", "2", "1", {"also": {"rating.prompt.topic": ["2"]}}, [True]),
        ("rank.A", "2", "1", {"tolerance": 1}, [True]),
        ("preference", "A1", "A3", {}, [True]),  # the side counts
        ("preference", "B1", "A1", {"tolerance": 5}, [False]),
        ("preference", "tie", "A1", {}, [False]),
        ("preference", "tie", "A1", {"also": {"preference": ["tie"]}}, [True]),
        ("preference", "both_bad", "tie", {}, [False]),
        ("step.A.0", "wrong", "right", {}, [False]),
        ("rating.A.clarity", "none", "4", {}, []),  # cannot tell does not count …
        ("rating.A.clarity", "none", "4", {"cannot_tell_fails": True}, [False]),  # … by itself
        ("rating.A.clarity", "4", "none", {}, []),  # the expert could not tell
        ("critique", "too long", "too short", {}, []),  # words
    ],
)
def test_what_passes(
    name: str, mine: str, right: str, rule: dict[str, object], verdicts: list[bool]
) -> None:
    assert passes(name, mine, right, **rule) == verdicts


def test_what_either_left_open_does_not_count() -> None:
    rule = Rule({"preference": "A1", "rating.A.clarity": "4"})
    said = {"preference": "A2", "rating.A.words": "3"}
    assert [(each.name, each.passed) for each in checks_of(said, rule, CRITERIA)] == [
        ("preference", True)
    ]
