"""A version's criteria in words, for pages that show a rubric."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from evalhub.rubrics.models import Criterion


class Scale(NamedTuple):
    """A criterion, what one chooses from, and the answers after which it is asked."""

    criterion: Criterion
    points: list[tuple[str, str]]  # a head and its words
    asked_after: str  # name of the criterion that it hangs on; empty: it is always asked
    answers: str  # of that one, with commas


def scales_of(criteria: Iterable[Criterion]) -> list[Scale]:
    """In the order of `criteria`."""
    rows = list(criteria)
    by_slug = {each.slug: each for each in rows}
    found = []
    for each in rows:
        asked = by_slug.get(each.asked_if)
        words = [asked.words_for(value) for value in each.asked_if_values] if asked else []
        name = asked.name if asked else ""
        found.append(Scale(each, each.answers, name, ", ".join(words)))
    return found
