"""What a lead writes of a criterion, and the criterion made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Required, TypedDict

from django.utils.text import slugify

from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.models import Criterion, ScaleKind

LEAST_POINTS, MOST_POINTS = 2, 10
LEAST_NUMBER, MOST_NUMBER = -32_768, 32_767  # as a Rating keeps its value
NO_EXAMPLE = "-"  # a line of the examples for a point that has none


class Wording(TypedDict, total=False):
    """The kind decides which of `anchors`, `examples`, `low` and `high` are read."""

    name: Required[str]
    question: Required[str]
    kind: str
    anchors: Sequence[str]  # of the points, the lowest first; how many there are is the scale
    examples: Sequence[str]  # of the same points; fewer leave the last without one
    low: int
    high: int | None  # of a number
    true_zero: bool  # of a number
    required: bool
    cannot_tell: bool
    asks_comment: bool
    weight: int
    asked_if: str
    asked_if_values: Sequence[int]


def slug_for(name: str, position: int) -> str:
    """What a new criterion is called in files and the API."""
    slug = slugify(name).replace("_", "-").strip("-")[:50]
    return slug or f"criterion-{position + 1}"  # a name in a script without Latin letters


def write(criterion: Criterion, wording: Wording) -> None:
    """Set everything but the version, the slug and the position.

    Raises:
        UnfitRubric: fewer than 2 or more than 10 points; yes or no takes no words, or two lines; a
            number lies between two others, and with a true zero is not below it; more examples than points.
    """
    criterion.name, criterion.question = wording["name"], wording["question"]
    criterion.kind = ScaleKind(wording.get("kind", ScaleKind.SCALE)).value
    criterion.required = wording.get("required", True)
    writes = criterion.kind == ScaleKind.TEXT  # then there is nothing beside the words
    criterion.cannot_tell = wording.get("cannot_tell", True) and not writes
    criterion.asks_comment = wording.get("asks_comment", False) and not writes
    criterion.weight = wording.get("weight", 1)
    criterion.asked_if = wording.get("asked_if", "")
    criterion.asked_if_values = sorted(wording.get("asked_if_values", ()))
    anchors = wording.get("anchors", ())
    low, high = wording.get("low", 1), wording.get("high")
    if criterion.has_points:
        _set_points(criterion, anchors, low)
    else:
        criterion.anchors = {}
        criterion.low, criterion.high = (0, 1) if writes else _limits(low, high)
    criterion.true_zero = wording.get("true_zero", False) and _is_from_0(criterion)
    criterion.examples = _by_point(criterion, wording.get("examples", ()))


def _set_points(criterion: Criterion, anchors: Sequence[str], low: int) -> None:
    if criterion.kind == ScaleKind.YES_NO:
        if len(anchors) not in (0, 2):
            raise UnfitRubric("Yes or no takes no words, or two lines: what no means, then yes.")
        low, anchors = 0, anchors or ("", "")
    elif not LEAST_POINTS <= len(anchors) <= MOST_POINTS:
        raise UnfitRubric(f"It takes {LEAST_POINTS} to {MOST_POINTS} points, one line each.")
    elif criterion.kind == ScaleKind.CHOICE:
        low = 1
    criterion.low, criterion.high = low, low + len(anchors) - 1
    criterion.anchors = {str(low + nth): text for nth, text in enumerate(anchors)}


def _limits(low: int, high: int | None) -> tuple[int, int]:
    if high is None or not LEAST_NUMBER <= low < high <= MOST_NUMBER:
        raise UnfitRubric(
            "A number needs a lowest and a higher highest value, "
            f"both between {LEAST_NUMBER} and {MOST_NUMBER}."
        )
    return low, high


def _is_from_0(criterion: Criterion) -> bool:
    """Whether it is a number. Raise UnfitRubric for one that goes below 0."""
    is_number = criterion.kind == ScaleKind.NUMBER
    if is_number and criterion.low < 0:
        raise UnfitRubric(
            f"Where 0 means none, nothing is below it, but the lowest is {criterion.low}; "
            "take 0 or more, or do not say that 0 means none."
        )
    return is_number


def _by_point(criterion: Criterion, examples: Sequence[str]) -> dict[str, str]:
    if not criterion.has_points and examples:
        raise UnfitRubric("Examples belong to points; a number and words have none.")
    if len(examples) > len(criterion.points):
        raise UnfitRubric(
            f"These are {len(examples)} examples for {len(criterion.points)} points; "
            "write one line for each point, the lowest first."
        )
    told = zip(criterion.points, examples, strict=False)
    return {str(point): text for point, text in told if text not in ("", NO_EXAMPLE)}
