"""Ratings, by severity and spread. Shapes: R answers, U units, A raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalhub.stats.reliability.sums import CLOSE, ROUNDS, WEIGHT, Beat, Floats, Ints


@dataclass(frozen=True)
class Ratings:
    """What the model of severity and spread says, in units of the scale."""

    score_U: Floats  # the consensus
    error_U: Floats  # its standard deviation
    severity_A: Floats  # how far a rater's answers lie above (+) or below the consensus
    severity_error_A: Floats
    spread_A: Floats  # standard deviation of a rater's answers around consensus plus severity
    mean: float  # of the units
    width: float  # standard deviation of the units around it
    noise: float  # pooled spread of the raters
    is_settled: bool  # False: stopped after 200 rounds while it still moved


def severity_and_spread(
    unit_R: Ints,
    rater_R: Ints,
    value_R: Floats,
    *,
    units: int,
    raters: int,
    weight: float = WEIGHT,
    beat: Beat = lambda: None,
) -> Ratings:
    """Ratings as consensus + severity of the rater + noise as wide as the rater's spread.

    Units and severities are random effects, fitted by EM with each other held; the spreads have a
    prior of `weight` answers at the pooled spread.

    Returns:
        A unit without an answer has the mean, with the units' whole standard deviation.

    Source:
        N. Laird, J. Ware, "Random-Effects Models for Longitudinal Data", Biometrics 38, 1982, with a
        variance for each rater; in the words of peer assessment: C. Piech et al., "Tuned Models of
        Peer Assessment in MOOCs", EDM 2013, model PG1.
    """
    n_A = np.bincount(rater_R, minlength=raters).astype(float)
    mean = float(value_R.mean()) if len(value_R) else 0.0
    between = noise = max(float(value_R.var()) / 2 if len(value_R) else 1.0, 1e-6)
    of_raters = between / 4
    severity_A, variance_A = np.zeros(raters), np.full(raters, noise)
    score_U = np.full(units, mean)
    is_settled = False
    for _ in range(ROUNDS):
        beat()
        before = score_U
        off_R = value_R - severity_A[rater_R] - mean
        shift_U, known_U = _shifts(off_R, unit_R, 1 / variance_A[rater_R], units, between)
        score_U = mean + shift_U
        known_A = n_A / variance_A + 1 / of_raters
        left_R = value_R - score_U[unit_R]
        severity_A = np.bincount(rater_R, left_R, minlength=raters) / variance_A / known_A
        severity_A -= np.average(severity_A, weights=n_A) if n_A.sum() else 0.0
        squares_R = (left_R - severity_A[rater_R]) ** 2 + 1 / known_U[unit_R] + 1 / known_A[rater_R]
        squares_A = np.bincount(rater_R, squares_R, minlength=raters)
        noise = max(float(squares_A.sum() / max(n_A.sum(), 1)), 1e-6)
        variance_A = (squares_A + weight * noise) / (n_A + weight)
        between = max(float((shift_U**2 + 1 / known_U).mean()) if units else 1.0, 1e-6)
        of_raters = max(float((severity_A**2 + 1 / known_A).mean()) if raters else 1.0, 1e-6)
        mean = (
            float((value_R - severity_A[rater_R] - shift_U[unit_R]).mean())
            if len(value_R)
            else mean
        )
        if units == 0 or np.abs(score_U - before).mean() < CLOSE * np.sqrt(between + noise):
            is_settled = True
            break
    return Ratings(
        score_U=score_U,
        error_U=np.sqrt(1 / known_U),
        severity_A=severity_A,
        severity_error_A=np.sqrt(1 / known_A),
        spread_A=np.sqrt(variance_A),
        mean=mean,
        width=float(np.sqrt(between)),
        noise=float(np.sqrt(noise)),
        is_settled=is_settled,
    )


def scores(
    unit_R: Ints,
    rater_R: Ints,
    value_R: Floats,
    *,
    units: int,
    mean: float,
    width: float,
    severity_A: Floats,
    spread_A: Floats,
) -> tuple[Floats, Floats]:
    """The consensus and its standard deviation, shapes (U,), for raters who are known already."""
    off_R = value_R - severity_A[rater_R] - mean
    precision_R = 1 / spread_A[rater_R] ** 2
    shift_U, known_U = _shifts(off_R, unit_R, precision_R, units, width**2)
    error_U: Floats = np.sqrt(1 / known_U)
    score_U: Floats = mean + shift_U
    return score_U, error_U


def _shifts(
    off_R: Floats, unit_R: Ints, precision_R: Floats, units: int, between: float
) -> tuple[Floats, Floats]:
    """How far each unit lies from the mean, and the precision of that."""
    known_U = np.bincount(unit_R, precision_R, minlength=units).astype(float) + 1 / between
    shift_U: Floats = np.bincount(unit_R, off_R * precision_R, minlength=units) / known_U
    return shift_U, known_U
