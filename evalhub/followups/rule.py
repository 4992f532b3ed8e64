"""When a complaint is resolved; plain numbers, so that each case can be checked by hand.

A complaint is a rating in the lower half of its scale, a correction, a marked fault, or a reason beside
one of these. Only scales have a lower half: of yes or no, a choice or a number nothing says which
answer is the bad one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from evalhub.followups.choices import Finding


class Scale(NamedTuple):
    low: int
    high: int


@dataclass(frozen=True)
class Found:
    """What became of a complaint, and the raters' figures behind it."""

    finding: Finding
    raters: int
    figures: dict[str, float]


def is_low(value: float, scale: Scale) -> bool:
    """Whether a rating, or a mean of ratings, is below the middle of its scale.

    >>> [is_low(value, Scale(1, 5)) for value in (2, 2.5, 3)]
    [True, True, False]
    """
    return 2 * value < scale.low + scale.high


def on_criterion(pairs: Sequence[tuple[float, float]], scale: Scale) -> Found | None:
    """Of raters who rated both answers, old before new: resolved where the mean of the new one is
    above that of the old and no complaint any more. None: nobody did.

    >>> on_criterion([(1, 3), (2, 4)], Scale(1, 5)).figures
    {'old': 1.5, 'new': 3.5}
    """
    if not pairs:
        return None
    old, new = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    if new > old:
        finding = Finding.BETTER if is_low(new, scale) else Finding.RESOLVED
    else:
        finding = Finding.SAME if new == old else Finding.WORSE
    return Found(finding, len(pairs), {"old": old, "new": new})


def overall(
    gains: Sequence[int], *, against_edit: Sequence[int] | None, has_faults: bool
) -> Found | None:
    """By which answer raters put above which: 1 the new one, -1 the other, 0 neither. None: nobody did.

    Above the old one, it is resolved where it is also at or above the edit. Without an edit nothing says
    how good is good enough but the rubric: resolved where it has no fault by it.

    Args:
        gains: of the new answer against the old, rater by rater.
        against_edit: of the new answer against the edit; None where there is none.
        has_faults: whether the raters' mean for the new answer is low on a criterion.
    """
    if not gains:
        return None
    gain = sum(gains) / len(gains)
    figures = {"gain": gain}
    if against_edit:
        figures["edit"] = sum(against_edit) / len(against_edit)
        is_enough = figures["edit"] >= 0
    else:
        is_enough = not has_faults
    if gain > 0:
        finding = Finding.RESOLVED if is_enough else Finding.BETTER
    else:
        finding = Finding.SAME if gain == 0 else Finding.WORSE
    return Found(finding, len(gains), figures)
