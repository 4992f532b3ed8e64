"""Whether the criteria of a version can be asked: each on its own, and where one hangs on another."""

from __future__ import annotations

from collections.abc import Sequence

from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.models import Criterion, ScaleKind


def check_criteria(criteria: Sequence[Criterion]) -> None:
    """Raise UnfitRubric for the first that cannot be asked, or for none at all."""
    if not criteria:
        raise UnfitRubric("This version has no criteria; add one before you publish it.")
    for nth, criterion in enumerate(criteria):
        _check_anchors(criterion)
        check_condition(criterion, earlier=criteria[:nth])


def check_condition(criterion: Criterion, *, earlier: Sequence[Criterion]) -> None:
    """Raise UnfitRubric unless what it hangs on comes before it and can be answered so."""
    if not criterion.asked_if:
        return
    asked = next((each for each in earlier if each.slug == criterion.asked_if), None)
    if asked is None:
        raise UnfitRubric(
            f"{criterion.name} is asked after “{criterion.asked_if}”, which does not come before "
            "it; change the order or the condition."
        )
    impossible = [each for each in criterion.asked_if_values if each not in asked.points]
    if impossible or not asked.has_points:
        raise UnfitRubric(
            f"{criterion.name} is asked where {asked.name} has an answer that it does not take; "
            "choose again when it is asked."
        )


def _check_anchors(criterion: Criterion) -> None:
    if criterion.kind not in (ScaleKind.SCALE, ScaleKind.CHOICE):
        return  # yes, no, a number and words say themselves what they mean
    missing = [str(n) for n in criterion.points if not criterion.anchors.get(str(n))]
    if missing:
        raise UnfitRubric(
            f"{criterion.name} says nothing about {', '.join(missing)}; "
            "write an anchor for each point."
        )
