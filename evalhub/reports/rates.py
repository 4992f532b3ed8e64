"""How often each model is preferred to each, and how many judgments say so.

Shapes: P comparisons, M models, G groups of prompts, C pairs of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.reports.behind import Behind, first_of_each, judgments_in
from evalhub.reports.figures import number
from evalhub.stats.slices import shares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Counted:
    """Judgments, each once."""

    all: int
    of_model_M: Ints
    of_pair_MM: Ints


def counted(first_P: Ints, second_P: Ints, judgment_P: Ints, models: int) -> Counted:
    """How many judgments compare a model with another one; a ranking compares several pairs."""
    apart_P = first_P != second_P
    one_P, two_P, judgment_P = first_P[apart_P], second_P[apart_P], judgment_P[apart_P]
    pair_P = np.minimum(one_P, two_P) * models + np.maximum(one_P, two_P)
    model_P, by_P = np.concatenate([one_P, two_P]), np.tile(judgment_P, 2)
    whole = judgments_in(judgment_P)
    if whole < len(judgment_P):
        pair_P = pair_P[first_of_each(judgment_P, pair_P)]
        model_P = model_P[first_of_each(by_P, model_P)]
    half_MM = np.bincount(pair_P, minlength=models * models).reshape(models, models)
    return Counted(whole, np.bincount(model_P, minlength=models), half_MM + half_MM.T)


def matrix_of(
    tables_GMM3: Floats,
    judgments: Counted,
    order: Sequence[int],
    names: Sequence[str],
    uids: Sequence[str],
    about: Behind,
) -> list[dict[str, Any]]:
    """The win rate of each two models that met, in `order`, with its interval by leaving out groups of prompts."""
    first_MM3 = tables_GMM3.transpose(0, 2, 1, 3)  # the other one stood first
    ties_GMM = tables_GMM3[..., 1] + first_MM3[..., 1]
    wins_GMM = tables_GMM3[..., 0] + first_MM3[..., 2] + ties_GMM / 2
    n_GMM = tables_GMM3.sum(axis=3) + first_MM3.sum(axis=3)
    one_C, two_C = np.nonzero(np.triu(n_GMM.sum(axis=0), 1))
    n_GC = n_GMM[:, one_C, two_C]
    found = shares(wins_GMM[:, one_C, two_C], n_GC)
    rates = {}
    for at, (one, two) in enumerate(zip(one_C.tolist(), two_C.tolist(), strict=True)):
        value, low, high = found.value_C[at], found.low_C[at], found.high_C[at]
        rates[one, two], rates[two, one] = (value, low, high), (1 - value, 1 - high, 1 - low)
    n_MM = n_GMM.sum(axis=0)
    return [
        {
            "model": names[one],
            "against": names[two],
            "win_rate": float(rates[one, two][0]),
            "low": number(rates[one, two][1]),
            "high": number(rates[one, two][2]),
            "n": round(n_MM[one, two]),
            "judgments": int(judgments.of_pair_MM[one, two]),
            "behind": about | {"model": uids[one], "against": uids[two]},
        }
        for one in order
        for two in order
        if (one, two) in rates
    ]
