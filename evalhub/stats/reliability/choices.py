"""Choices, by Dawid and Skene. Shapes: R answers, U units, A raters, V values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalhub.stats.reliability.sums import (
    CLOSE,
    ROUNDS,
    WEIGHT,
    Beat,
    Counts,
    Floats,
    Ints,
    shares,
    softmax,
)


@dataclass(frozen=True)
class Choices:
    """What Dawid and Skene's model says."""

    truth_UV: Floats  # P(the unit's value is v)
    priors_V: Floats
    confusion_AVV: Floats  # P(the rater says the second | the first is true)
    is_settled: bool  # False: stopped after 200 rounds while it still moved


def dawid_skene(
    unit_R: Ints,
    rater_R: Ints,
    code_R: Ints,
    *,
    units: int,
    raters: int,
    values: int,
    weight: float = WEIGHT,
    beat: Beat = lambda: None,
) -> Choices:
    """Who says what when what is true, and what is true, from answers alone (EM).

    Args:
        code_R: which of the values; a rater may answer a unit more than once.
        weight: answers' worth of the pooled table in each row of a rater's; 0 is maximum likelihood.

    Returns:
        A unit without an answer has the priors.

    Source:
        A. Dawid, A. Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM
        Algorithm", Applied Statistics 28, 1979; their 45 patients give priors .40 .42 .11 .07. The
        drawing together: B. Carpenter, "Multilevel Bayesian Models of Categorical Data Annotation",
        2008, in its simplest form.
    """
    said_R = rater_R * values + code_R
    said = Counts.of(unit_R, said_R, units=units, said=raters * values)
    counts_UV = np.bincount(unit_R * values + code_R, minlength=units * values)
    truth_UV = shares(counts_UV.reshape(units, values).astype(float))
    is_settled = False
    for _ in range(ROUNDS):
        beat()
        priors_V = shares(truth_UV.sum(axis=0))
        confusion_AVV = _confusion(said.of_said(truth_UV), raters, values, weight)
        before, truth_UV = truth_UV, _truths(said, priors_V, confusion_AVV)
        if units == 0 or np.abs(truth_UV - before).mean() < CLOSE:
            is_settled = True
            break
    return Choices(truth_UV, priors_V, confusion_AVV, is_settled)


def truths(
    unit_R: Ints,
    rater_R: Ints,
    code_R: Ints,
    *,
    units: int,
    priors_V: Floats,
    confusion_AVV: Floats,
) -> Floats:
    """P(the unit's value is v), shape (U, V), for raters who are known already."""
    raters, values, _ = confusion_AVV.shape
    said_R = rater_R * values + code_R
    said = Counts.of(unit_R, said_R, units=units, said=raters * values)
    return _truths(said, priors_V, confusion_AVV)


def chance_right(
    unit_R: Ints,
    rater_R: Ints,
    code_R: Ints,
    *,
    truth_UV: Floats,
    confusion_AVV: Floats,
) -> Floats:
    """P(the answer is the true value), shape (R,), by what all the other answers say.

    A rater's own word would else speak for itself.
    """
    own_RV = confusion_AVV[rater_R, :, code_R]
    without_RV = shares(truth_UV[unit_R] / np.maximum(own_RV, 1e-12))
    right_R: Floats = without_RV[np.arange(len(code_R)), code_R]
    return right_R


def _truths(said: Counts, priors_V: Floats, confusion_AVV: Floats) -> Floats:
    raters, values, _ = confusion_AVV.shape
    log_AVV = np.log(np.maximum(confusion_AVV, 1e-12))
    table_SV = log_AVV.transpose(0, 2, 1).reshape(raters * values, values)
    log_V = np.log(np.maximum(priors_V, 1e-12))
    return softmax(log_V + said.of_units(table_SV))


def _confusion(truth_SV: Floats, raters: int, values: int, weight: float) -> Floats:
    """P(said | true) of each rater, from how much of each truth lies under each thing said."""
    counts_AVV = truth_SV.reshape(raters, values, values).transpose(0, 2, 1)  # rater, true, said
    pooled_VV = shares(counts_AVV.sum(axis=0) + 1e-9)
    return shares(counts_AVV + weight * pooled_VV + 1e-9)
