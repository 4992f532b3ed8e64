"""Drawing some of many so that each part of them gets its share."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


def spread_lot(strata: Sequence[tuple[str, ...]], *, most: int, seed: int | str) -> list[int]:
    """Places of `most` of them, each as likely to be drawn as any other.

    Systematic sampling: they are mixed within each stratum, strata laid side by side in order, and every
    so manieth taken from a start by lot. So a stratum gets its share but for less than one, and so does what
    neighbouring strata have in common.

    Args:
        strata: of each of them.

    Returns:
        rising places; all of them where there are no more than `most`.

    Source:
        W. G. Cochran, "Sampling Techniques", 1977, chapter 8; W. G. Madow, "On the theory of systematic
        sampling, II", 1949 (a step that is no whole number).

    >>> places = spread_lot([("de",)] * 60 + [("en",)] * 40, most=10, seed=1)
    >>> sum(place < 60 for place in places), len(places)
    (6, 10)
    """
    if most >= len(strata):
        return list(range(len(strata)))
    chance = Random(seed)  # noqa: S311  no secret
    lot = [chance.random() for _ in strata]
    laid = sorted(range(len(strata)), key=lambda place: (strata[place], lot[place]))
    start = chance.random()
    return sorted(laid[int((start + nth) * len(strata) / most)] for nth in range(most))
