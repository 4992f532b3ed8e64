"""When a judgment of a gold passes. Plain words and values: nothing here reads the database.

Each question that the expert answered and the person answered too is one check. It passes

- with the expert's own answer, or another one that the gold says passes;
- on a scale, for a number, or for a place in a ranking: within the gold's tolerance, in points;
- for a preference: for the same side, however strongly.

The judgment passes when each check does. "Cannot tell" is no check, unless the gold says that it
fails; nor is a question that either of them left open. Without any check there is no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalhub.judgments.sheet.fields import CANNOT_TELL
from evalhub.rubrics.models import Criterion, ScaleKind

COUNTED = ("rating", "preference", "rank", "step", "call")  # words are compared by people
BY_POINTS = (ScaleKind.SCALE, ScaleKind.NUMBER)


@dataclass(frozen=True)
class Rule:
    """What passes: fields of the form, in the task's own order, with the expert's values."""

    expert: Mapping[str, str]
    tolerance: int = 0
    also: Mapping[str, Sequence[str]] = field(default_factory=dict)
    cannot_tell_fails: bool = False


@dataclass(frozen=True)
class Check:
    name: str
    said: str
    passed: bool

    def told(self) -> dict[str, Any]:
        return {"name": self.name, "said": self.said, "passed": self.passed}


def checks_of(
    said: Mapping[str, str], rule: Rule, criteria: Mapping[str, Criterion]
) -> list[Check]:
    """What counts of a judgment, question by question; `criteria` by their slugs."""
    return list(_checks(said, rule, criteria))


def _checks(
    said: Mapping[str, str], rule: Rule, criteria: Mapping[str, Criterion]
) -> Iterator[Check]:
    for name, right in sorted(rule.expert.items()):
        if name.partition(".")[0] not in COUNTED or right == CANNOT_TELL or name not in said:
            continue
        mine = said[name]
        if mine == CANNOT_TELL and not rule.cannot_tell_fails:
            continue
        yield Check(name, mine, _passes(name, mine, right, rule, criteria))


def _passes(
    name: str, mine: str, right: str, rule: Rule, criteria: Mapping[str, Criterion]
) -> bool:
    if mine == right or mine in rule.also.get(name, ()):
        return True
    if mine == CANNOT_TELL:
        return False
    if name.partition(".")[0] == "preference":
        return mine[:1] in ("A", "B") and mine[:1] == right[:1]
    return has_points(name, criteria) and abs(int(mine) - int(right)) <= rule.tolerance


def has_points(name: str, criteria: Mapping[str, Criterion]) -> bool:
    """Whether an answer can be off by a point: not among choices, nor yes and no."""
    kind, _dot, rest = name.partition(".")
    if kind != "rating":
        return kind == "rank"
    slug = rest.split(".")[1]
    return slug in criteria and criteria[slug].kind in BY_POINTS
