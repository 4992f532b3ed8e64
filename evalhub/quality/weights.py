"""How much it matters that somebody decides a disagreement. Shapes: R answers, U units.

How unsure the consensus is, times how far apart the answers lie as a share of what could be, times the
criterion's weight in the rubric, by which builds take its mean. Overall and passages weigh 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.quality.fits import Consensus, Fit
from evalhub.quality.questions import Asked
from evalhub.rubrics.models import Criterion
from evalhub.stats.agreement import Level

Floats = NDArray[np.float64]


def doubt_of(consensus: Consensus, fit: Fit) -> Floats:
    """What is missing to a probability of 1; of a number, how much of the spread that such numbers have is
    left in its error: 1 before anybody answered.
    """
    if np.isnan(consensus.probability_U).all() and "width" in fit:
        left_U: Floats = np.clip(consensus.error_U / fit["width"], 0, 1)
        return left_U
    return 1 - consensus.probability_U


def apart(asked: Asked, criterion: Criterion | None) -> Floats:
    """How far apart the answers to each unit lie, from 0 to 1.

    Of a scale its points' distance as a share of the scale, of a number as a share of the range of all
    answers; two choices are 1 apart, and so are the two sides of a pair, a side and a tie a half.
    """
    units = int(asked.unit_R.max(initial=-1)) + 1
    value_R = np.clip(asked.value_R, -1, 1) if asked.is_pair else asked.value_R
    if asked.is_pair:
        value_R = np.where(asked.value_R > 1, 0.0, value_R)  # both bad takes neither side
    least_U: Floats = np.full(units, np.inf)
    most_U: Floats = np.full(units, -np.inf)
    np.minimum.at(least_U, asked.unit_R, value_R)
    np.maximum.at(most_U, asked.unit_R, value_R)
    apart_U = np.where(np.isfinite(least_U), most_U - least_U, 0.0)
    if asked.is_pair:
        return np.where(_both_kinds(asked, units), np.maximum(apart_U / 2, 0.5), apart_U / 2)
    if asked.level is Level.NOMINAL:
        return (apart_U > 0).astype(float)
    if asked.level is Level.ORDINAL and criterion is not None:
        return apart_U / (criterion.high - criterion.low)
    widest = float(np.ptp(asked.value_R)) if len(asked.value_R) else 0.0
    return apart_U / widest if widest else apart_U


def weight_of(criterion: Criterion | None) -> float:
    return 1.0 if criterion is None else float(criterion.weight)


def matters(doubt: Any, apart: Any, weight: float) -> Any:  # Any: numbers or arrays of them
    """See the head of this module."""
    return doubt * apart * weight


def _both_kinds(asked: Asked, units: int) -> NDArray[np.bool_]:
    """Pairs of which some say that both are bad, and some do not."""
    bad_R = asked.value_R > 1
    bad_U = np.bincount(asked.unit_R, bad_R, minlength=units) > 0
    not_U = np.bincount(asked.unit_R, ~bad_R, minlength=units) > 0
    return bad_U & not_U
