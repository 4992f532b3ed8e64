"""Answers as they are read by how far their people can be relied on. Shapes: R answers, J judgments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalhub.quality.blocks import Ints, Words, WrittenText
from evalhub.quality.evidence import CalledSo
from evalhub.quality.weighing import Lean, Weighing
from evalhub.rubrics.models import Criterion


def leans_of(
    weighing: Weighing,
    judgment_R: Ints,
    criterion_R: Ints,
    criteria: Mapping[int, Criterion],
    *,
    width: float,
) -> list[Lean]:
    """Of each rating, by who gave it under the criterion that they saw; empty where people are not weighed.

    Args:
        width: of the scale that all ratings are stretched onto, and severities with them.
    """
    if not weighing.is_weighed:
        return []
    found = []
    for judgment, key in zip(judgment_R.tolist(), criterion_R.tolist(), strict=True):
        lean = weighing.lean(judgment, key)
        if lean.severity:
            points = criteria[key].high - criteria[key].low
            lean = lean._replace(severity=lean.severity / points * width)
        found.append(lean)
    return found


def called_so(
    weighing: Weighing, judgment: int, criterion: Criterion, value: int
) -> CalledSo | None:
    """A label in words. None too where it was given under an earlier version of the rubric, whose fit knows
    other values.
    """
    called = weighing.called(judgment, criterion.pk, value)
    if called is None:
        return None
    prior, likelihood = (
        {criterion.words_for(each): told for each, told in some.items()} for some in called
    )
    return CalledSo(prior, likelihood)


def reliabilities_of(
    weighing: Weighing, written: Sequence[WrittenText], uid_J: Words, key_J: Ints
) -> dict[str, float | None]:
    """By the uid of the judgment how far its author can be relied on; empty where people are not weighed.

    Args:
        uid_J, key_J: of all judgments among which they are.
    """
    if not weighing.is_weighed:
        return {}
    key_of = dict(zip(uid_J.tolist(), key_J.tolist(), strict=True))
    return {each.judgment: weighing.reliability(key_of[each.judgment]) for each in written}
