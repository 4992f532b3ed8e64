"""How far people who mark passages of a text agree. Shapes: S marks, U texts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def majority_of_marks(
    text_S: Ints, person_S: Ints, start_S: Ints, end_S: Ints, *, people_U: Ints
) -> Floats:
    """How large a majority decides, on average over the characters that anybody marked.

    Marks of one person that overlap or touch are one. Whoever marked nothing says of each character
    that it is fine.

    Args:
        text_S: from 0.
        start_S: in characters; `end_S` is not included.
        people_U: who read each text, whether they marked something or not.

    Returns:
        majority_U from 0.5 (as many mark as do not) to 1 (all the same); NaN where nobody marked.
        Of three readers one marks characters 0 to 10 and another 5 to 10: five characters are marked
        by one of three, five by two of three, so 2/3.
    """
    units = len(people_U)
    found_U: Floats = np.full(units, np.nan)
    if not len(text_S):
        return found_U
    width = int(end_S.max()) + 1  # so that texts stand one after the other, with a gap
    reader_S = np.unique(text_S * (int(person_S.max()) + 1) + person_S, return_inverse=True)[1]
    order = np.lexsort((start_S, reader_S))
    begin_S, finish_S = ((reader_S * width + at)[order] for at in (start_S, end_S))
    reach_S = np.maximum.accumulate(finish_S)
    is_new_S = np.ones(len(order), dtype=bool)
    is_new_S[1:] = begin_S[1:] > reach_S[:-1]
    starts = np.flatnonzero(is_new_S)
    moved = (text_S - reader_S)[order][starts] * width  # from the reader's place to the text's
    begins, ends = begin_S[starts] + moved, np.maximum.reduceat(finish_S, starts) + moved
    at = np.concatenate([begins, ends])
    steps = np.concatenate([np.ones(len(begins)), -np.ones(len(ends))])
    order = np.argsort(at, kind="stable")
    marking = np.cumsum(steps[order])[:-1]
    length = np.diff(at[order])
    text = at[order][:-1] // width
    is_marked = (marking > 0.5) & (length > 0)
    text, length, marking = text[is_marked], length[is_marked], marking[is_marked]
    share = np.minimum(marking / people_U[text], 1.0)
    sums_U = np.bincount(text, length * np.maximum(share, 1 - share), minlength=units)
    marked_U = np.bincount(text, length, minlength=units)
    np.divide(sums_U, marked_U, out=found_U, where=marked_U > 0)
    return found_U
