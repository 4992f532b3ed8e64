"""What judgments say of a linear score of features. Shapes: J judgments, K features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDS = 50
MULTIPLES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
NOISES = (0.0625, 0.125, 0.25, 0.5, 1.0, 2.0)  # variances of a rating, in squared points
UNHEARD_NOISE = 1.0  # before anybody has rated


@dataclass(frozen=True)
class Belief:
    """A normal one about the features' weights: in logits, or in points of a rating.

    noise: the variance of a rating about the score; None where judgments are preferences.
    """

    mean_K: Floats
    spread_KK: Floats
    noise: float | None = None


def believe(
    seen_JK: Floats,
    preferred_J: Floats,
    *,
    precision_K: Floats,
    weight_J: Floats | None = None,
) -> Belief:
    """What the judgments so far say, by Laplace's approximation of a logistic regression.

    How strongly features can weigh at all is taken from the judgments: of a few multiples of `precision_K` the
    one under which they are likeliest.

    Args:
        seen_JK: features of the first less those of the second.
        preferred_J: 1 where the first was preferred, 0 where the second, one half for a tie.
        precision_K: one over the variance of a weight before anything is known.
        weight_J: how many judgments each counts for; None: one. See `weight_of_pair`.

    Returns:
        Without judgments mean 0 and variance 1 / precision.

    Source:
        D. MacKay, "The evidence framework applied to classification networks", 1992.
    """
    counts_J = np.ones(len(seen_JK)) if weight_J is None else weight_J
    multiples = MULTIPLES if len(seen_JK) else (1.0,)
    found = [_fit(seen_JK, preferred_J, counts_J, precision_K * each) for each in multiples]
    return max(found, key=lambda each: each[0])[1]


def weight_of_pair(answers: int) -> float:
    """For how many comparisons each pair counts that a ranking of so many answers implies.

    The pairs of one ranking repeat each other: under Plackett and Luce's model, where answers are equally
    good, a full ranking tells of each two 4 (m - H_m) / (m (m - 1)) times what a comparison tells, H_m
    being 1 + 1/2 + ... + 1/m. Of k answers that are left, the choice of the best has the information
    (I - J/k) / k, and two of m are both left with the chance k (k - 1) / (m (m - 1)).

    >>> weight_of_pair(2), round(weight_of_pair(3), 3), round(weight_of_pair(8), 3)
    (1.0, 0.778, 0.377)
    """
    harmonic = sum(1 / each for each in range(1, answers + 1))
    return 4 * (answers - harmonic) / (answers * (answers - 1))


def believe_rated(seen_JK: Floats, rated_J: Floats, *, precision_K: Floats) -> Belief:
    """What ratings so far say, by a linear regression.

    How strongly features can weigh, and how far a rating lies from the score, are taken from the
    ratings: of a few multiples of `precision_K` and a few variances those under which they are likeliest.

    Args:
        seen_JK: features of what was rated, one of them constant where the middle is unknown.
        rated_J: in points.

    Returns:
        Without ratings mean 0, variance 1 / precision, and a noise of one squared point.

    Source:
        D. MacKay, "Bayesian interpolation", Neural Computation 4(3), 1992.
    """
    if not len(seen_JK):
        spread_KK = np.diag(1 / precision_K)
        return Belief(np.zeros(len(precision_K)), spread_KK, UNHEARD_NOISE)
    found = [
        _fit_rated(seen_JK, rated_J, precision_K * each, noise)
        for each in MULTIPLES
        for noise in NOISES
    ]
    return max(found, key=lambda each: each[0])[1]


def _fit(
    seen_JK: Floats, preferred_J: Floats, counts_J: Floats, precision_K: Floats
) -> tuple[float, Belief]:
    """The belief, and the logarithm of how likely the judgments are under such weights, less a constant."""
    guess_K = np.zeros(len(precision_K))
    for _ in range(_ROUNDS):
        share_J = expit(seen_JK @ guess_K)
        pull_K = seen_JK.T @ (counts_J * (preferred_J - share_J)) - precision_K * guess_K
        step_K = np.linalg.solve(_curve(seen_JK, share_J, counts_J, precision_K), pull_K)
        guess_K = guess_K + np.clip(step_K, -2, 2)
        if np.abs(step_K).max(initial=0.0) < 1e-6:
            break
    logit_J = seen_JK @ guess_K
    curve_KK = _curve(seen_JK, expit(logit_J), counts_J, precision_K)
    likely = float(counts_J @ (preferred_J * logit_J - np.logaddexp(0, logit_J)))
    prior = float(np.log(precision_K).sum() - precision_K @ guess_K**2)
    evidence = likely + (prior - np.linalg.slogdet(curve_KK)[1]) / 2
    return evidence, Belief(guess_K, np.linalg.inv(curve_KK).astype(np.float64))


def _fit_rated(
    seen_JK: Floats, rated_J: Floats, precision_K: Floats, noise: float
) -> tuple[float, Belief]:
    curve_KK = seen_JK.T @ seen_JK / noise + np.diag(precision_K)
    spread_KK = np.linalg.inv(curve_KK).astype(np.float64)
    mean_K: Floats = spread_KK @ (seen_JK.T @ rated_J) / noise
    misfit = float(rated_J @ (rated_J - seen_JK @ mean_K)) / noise
    known = float(np.log(precision_K).sum() - np.linalg.slogdet(curve_KK)[1])
    evidence = (known - len(rated_J) * np.log(2 * np.pi * noise) - misfit) / 2
    return float(evidence), Belief(mean_K, spread_KK, noise)


def _curve(seen_JK: Floats, share_J: Floats, counts_J: Floats, precision_K: Floats) -> Floats:
    weighed_JK = seen_JK * (counts_J * share_J * (1 - share_J))[:, None]
    curve_KK: Floats = weighed_JK.T @ seen_JK + np.diag(precision_K)
    return curve_KK
