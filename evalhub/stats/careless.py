"""Who answers as if by lot. Shapes: R answers, A raters. Needs scipy: workers import this, pages never do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evalhub.stats.many_tests import holm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST = 10  # answers, before a person's spread is known well enough for an interval
HALF = 0.5  # of everybody's agreement: below that, somebody's answers say little
ERROR = 0.05  # chance that a campaign names anybody wrongly


@dataclass(frozen=True)
class OwnAgreement:
    """How far each rater agrees with whoever answered the same; NaN where nobody did, and the error and
    interval NaN below FEWEST answers.
    """

    alpha_A: Floats
    low_A: Floats  # of an interval of 95 %
    high_A: Floats
    n_A: Ints  # answers that somebody else gave one to as well
    error_A: Floats  # standard error


def own_agreement(apart_R: Floats, rater_R: Ints, raters: int) -> OwnAgreement:
    """Each rater's own alpha: one minus the mean disagreement of their answers.

    Args:
        apart_R: as in `evalhub.stats.agreement.Disagreement`; NaN where nobody else answered.
    """
    met_R = ~np.isnan(apart_R)
    n_A = np.bincount(rater_R[met_R], minlength=raters)
    sum_A = np.bincount(rater_R[met_R], apart_R[met_R], minlength=raters)
    square_A = np.bincount(rater_R[met_R], apart_R[met_R] ** 2, minlength=raters)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_A = sum_A / n_A
        error_A = np.sqrt(np.maximum(square_A / n_A - mean_A**2, 0) / (n_A - 1))
    error_A = np.where(n_A >= FEWEST, error_A, np.nan)
    wide_A = stats.t.ppf(0.975, np.maximum(n_A - 1, 1)) * error_A
    return OwnAgreement(
        1 - mean_A, 1 - mean_A - wide_A, np.minimum(1 - mean_A + wide_A, 1), n_A, error_A
    )


def careless(own: OwnAgreement, alpha: float, *, error: float = ERROR) -> NDArray[np.bool_]:
    """Whose own agreement is surely below half of everybody's, shape (A,).

    One-sided t tests, corrected for as many as there are raters (Holm), so that with probability
    1 - `error` nobody is named whose agreement is half of everybody's or more.

    Args:
        alpha: of all answers together. At 0 or below nobody stands out.
    """
    named_A = np.zeros(len(own.n_A), dtype=bool)
    testable_A = np.isfinite(own.error_A)
    if not np.isfinite(alpha) or alpha <= 0 or not testable_A.any():
        return named_A
    far_A = own.alpha_A[testable_A] - HALF * alpha
    with np.errstate(divide="ignore", invalid="ignore"):
        t_A = far_A / own.error_A[testable_A]  # an error of 0: surely, whichever side it is
    p_A = stats.t.cdf(np.nan_to_num(t_A, nan=0.0), own.n_A[testable_A] - 1)
    named_A[testable_A] = holm(p_A) <= error
    return named_A
