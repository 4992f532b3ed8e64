"""What people said of a row, as far as training needs it: checked where it is used."""

from __future__ import annotations

import math
from collections.abc import Sequence

from training.errors import InputError
from training.rows import Row

TIE = 0.5


def number_of(row: Row, name: str, *, default: float, most: float = math.inf) -> float:
    """The column `name`, from 0 to `most`; `default` where the row has none.

    Raises:
        InputError: it is something else.
    """
    value = row.judged.get(name, default)
    if type(value) not in (int, float) or not 0 <= value <= most or not math.isfinite(value):
        upper = "or more" if most == math.inf else f"to {most:g}"
        raise InputError(
            f"Row {row.number} (id {row.id}): {name} is {value!r}, but must be a number, 0 {upper}."
        )
    return float(value)


def p_chosen_of(rows: Sequence[Row], labels: str) -> list[float]:
    """How probable it is that chosen is the better one; 1 where it is not known, or where labels are
    "hard" and it is no tie.
    """
    if labels == "hard":
        return [TIE if is_tie(row) else 1.0 for row in rows]
    return [number_of(row, "p_chosen", default=1.0, most=1.0) for row in rows]


def is_tie(row: Row) -> bool:
    """Whether people found both answers of a pair equally good, so that no order of them is right."""
    return number_of(row, "p_chosen", default=1.0, most=1.0) == TIE


def weights_of(rows: Sequence[Row], weights: str) -> list[float]:
    """How much each row counts, 1 on average; 1 each where `weights` is "none".

    Raises:
        InputError: no row counts at all.
    """
    if weights == "none" or not rows:
        return [1.0] * len(rows)
    given = [number_of(row, "weight", default=1.0) for row in rows]
    mean = sum(given) / len(given)
    if not mean:
        raise InputError("Every row has the weight 0, so there is nothing to learn from.")
    return [each / mean for each in given]


def token_weights(rows: Sequence[Row], tokens: Sequence[int], weights: str) -> list[float]:
    """How much each token of a row counts, where a step is a mean over tokens: 1 on average over all tokens
    that are learnt, so that long rows of a high weight do not raise the rate of learning.

    Args:
        tokens: how many of each row are learnt.

    Returns:
        Of two rows with the weights 1 and 3 and as many tokens, 0.5 and 1.5.

    Raises:
        InputError: no row counts at all.
    """
    given = weights_of(rows, weights)
    if len(set(given)) <= 1:
        return [1.0] * len(given)  # exactly: a run without weights comes out the same to the bit
    mean = sum(each * n for each, n in zip(given, tokens, strict=True)) / sum(tokens)
    return [each / mean for each in given]


def is_good(row: Row) -> bool:
    """Raise InputError unless the label of an unpaired row is true or false."""
    label = row.judged.get("label")
    if type(label) is not bool:
        raise InputError(
            f"Row {row.number} (id {row.id}): label is {label!r}, but must be true or false."
        )
    return label
