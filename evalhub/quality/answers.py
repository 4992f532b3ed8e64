"""Stored ratings as answers to the criterion that they count under."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.db.models import QuerySet

from evalhub.judgments.models import Rating
from evalhub.rubrics.carried import CarriedOver
from evalhub.rubrics.models import Criterion, ScaleKind


class Answer(NamedTuple):
    judgment: int  # keys
    completion: int | None  # None: about the prompt alone
    criterion: Criterion
    value: int | None


def answers_in(
    rows: QuerySet[Rating], carried: CarriedOver, tally_of: Callable[[int], Counter[str]]
) -> Iterator[Answer]:
    """Each rating that counts, in the order of the judgments; words of their own have no value.

    Args:
        tally_of: for a judgment's key, where the answers under an earlier version are counted.
    """
    found = rows.exclude(criterion__kind=ScaleKind.TEXT).order_by("judgment_id", "pk")
    told = list(found.values_list("judgment_id", "completion_id", "criterion_id", "value"))
    criteria = Criterion.objects.in_bulk({criterion for _, _, criterion, _ in told})
    for judgment, completion, criterion, value in told:
        if criterion not in carried:
            yield Answer(judgment, completion, criteria[criterion], value)
            continue
        tally, end = tally_of(judgment), carried[criterion]
        there = None if end is None or value is None else end.value(value)
        if end is None or (there is None and value is not None):
            tally["left"] += 1
        else:
            tally["kept" if end.values is None else "mapped"] += 1
            yield Answer(judgment, completion, end.criterion, there)
