"""Preferences, by Bradley and Terry with strengths.

Shapes: R answers, U units, A raters, Q points of a grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from evalhub.stats.reliability.ballots import Ballots
from evalhub.stats.reliability.sums import ROUNDS, Beat, Floats, Ints


@dataclass(frozen=True)
class Preferences:
    """What Bradley and Terry's model with raters' strengths says."""

    first_U: Floats  # P(the unit's first is the better one)
    gap_U: Floats  # how much better, in logits for a rater of strength 1; mean of the posterior
    gap_error_U: Floats
    strength_A: Floats  # 1 like the others, 0 answers by lot, below 0 the other way round
    strength_error_A: Floats
    position_A: Floats  # logits towards whatever stood first on the page
    position_error_A: Floats
    spread: float  # of the gaps over units, standard deviation
    is_settled: bool  # False: stopped after 200 rounds while it still moved


_GRID = 21
_CLOSE_GAP = 0.001  # logits, likewise


def strengths(
    unit_R: Ints,
    rater_R: Ints,
    win_R: Floats,
    place_R: Floats,
    *,
    units: int,
    raters: int,
    beat: Beat = lambda: None,
) -> Preferences:
    """Which of two is better by P(first) = σ(strength · gap + position · place), by marginal EM.

    A gap is drawn from a normal distribution around 0, whose spread is fitted; it is integrated over
    a grid. Strengths have a normal prior around 1, positions around 0, both of standard deviation ½.
    Where units are many, the rounds begin from what a few of them say of the raters.

    Args:
        win_R: 1 the unit's first is preferred, 0 its second, ½ a tie (half a vote for each).
        place_R: +1 when the unit's first stood first on the page, -1 when second, 0 unknown.

    Returns:
        A unit without an answer: 0.5, gap 0.

    Source:
        X. Chen et al., "Pairwise Ranking Aggregation in a Crowdsourced Setting", WSDM 2013 (a
        strength for each rater); the strength as a slope, and the EM: R. Bock, M. Aitkin, "Marginal
        Maximum Likelihood Estimation of Item Parameters", Psychometrika 46, 1981.
    """
    start = _Raters(np.ones(raters), np.zeros(raters), 1.5)
    if units > _MANY * _SAMPLE:
        lot_U = np.random.default_rng(0).permutation(units)
        in_R = lot_U[unit_R] < _SAMPLE
        few = (lot_U[unit_R[in_R]], rater_R[in_R], win_R[in_R], place_R[in_R])
        start = _fitted(Ballots.of(*few, units=_SAMPLE, raters=raters), start, beat=beat).raters
    ballots = Ballots.of(unit_R, rater_R, win_R, place_R, units=units, raters=raters)
    found = _fitted(ballots, start, beat=beat)
    (strength_A, position_A, spread), after_UQ, gap_U, gaps_Q, is_settled = found
    _, known_A3 = ballots.slopes(after_UQ, gaps_Q, strength_A, position_A)
    missing_A3 = ballots.missing(after_UQ, gaps_Q, strength_A, position_A, unit_R)
    seen_A3 = known_A3 - missing_A3 + _PRIOR_3
    area_A = seen_A3[:, 0] * seen_A3[:, 2] - seen_A3[:, 1] ** 2
    with np.errstate(invalid="ignore", divide="ignore"):  # NaN: the answers tell nothing
        strength_error_A = np.sqrt(seen_A3[:, 2] / area_A)
        position_error_A = np.sqrt(seen_A3[:, 0] / area_A)
    return Preferences(
        first_U=_first(after_UQ),
        gap_U=gap_U,
        gap_error_U=np.sqrt(np.maximum(after_UQ @ gaps_Q**2 - gap_U**2, 0)),
        strength_A=strength_A,
        strength_error_A=strength_error_A,
        position_A=position_A,
        position_error_A=position_error_A,
        spread=spread,
        is_settled=is_settled,
    )


class _Raters(NamedTuple):
    strength_A: Floats
    position_A: Floats
    spread: float


class _Fitted(NamedTuple):
    raters: _Raters
    after_UQ: Floats
    gap_U: Floats
    gaps_Q: Floats
    is_settled: bool


def _fitted(ballots: Ballots, start: _Raters, *, beat: Beat) -> _Fitted:
    """Rounds of the EM from `start`, until gaps move no more."""
    points_Q, chance_Q = _grid()
    raters, gap_U, n_A = start, np.zeros(ballots.units), ballots.answers
    is_settled, track = False, [start]
    for _ in range(ROUNDS):
        beat()
        before, gaps_Q = gap_U, raters.spread * points_Q
        after_UQ = ballots.posterior(gaps_Q, chance_Q, raters.strength_A, raters.position_A)
        gap_U = after_UQ @ gaps_Q
        raters = _stepped(ballots, raters, after_UQ, gaps_Q, n_A)
        if ballots.units == 0 or np.abs(gap_U - before).mean() < _CLOSE_GAP:
            is_settled = True
            break
        track.append(raters)
        if len(track) == 3:
            raters = _ahead(*track)
            track = [raters]
    return _Fitted(raters, after_UQ, gap_U, gaps_Q, is_settled)


def _stepped(
    ballots: Ballots, raters: _Raters, after_UQ: Floats, gaps_Q: Floats, n_A: Floats
) -> _Raters:
    """The raters who make what is known of the gaps likelier."""
    strength_A, position_A, _ = raters
    pull_A2, known_A3 = ballots.slopes(after_UQ, gaps_Q, strength_A, position_A)
    pull_A2 -= _PRIOR * np.stack([strength_A - 1, position_A], axis=1)
    step_A2 = np.clip(_solved(known_A3 + _PRIOR_3, pull_A2), -0.5, 0.5)
    strength_A, position_A = strength_A + step_A2[:, 0], position_A + step_A2[:, 1]
    wide = float(np.sqrt((after_UQ @ gaps_Q**2).mean())) if ballots.units else 1.0
    spread = float(np.clip(wide, 0.2, 4.0))
    scale = float(np.clip(np.average(strength_A, weights=n_A), 0.2, 5.0)) if n_A.sum() else 1.0
    return _Raters(strength_A / scale, position_A, spread * scale)  # only their product is told


def _ahead(first: _Raters, second: _Raters, third: _Raters) -> _Raters:
    """Where two rounds lead to, and some more of the way: EM goes ever the same way in ever smaller steps.

    Source:
        R. Varadhan, C. Roland, "Simple and Globally Convergent Methods for Accelerating the Convergence
        of Any EM Algorithm", Scandinavian Journal of Statistics 35, 2008 (SQUAREM, scheme S3).
    """
    points = [np.concatenate([*each[:2], [np.log(each.spread)]]) for each in (first, second, third)]
    step, turn = points[1] - points[0], points[2] - 2 * points[1] + points[0]
    bend = float(np.linalg.norm(turn))
    length = min(float(np.linalg.norm(step)) / bend, _LONGEST) if bend > 0 else 1.0
    if length <= 1:
        return third
    ahead = points[0] + 2 * length * step + length**2 * turn
    raters = len(first.strength_A)
    spread = float(np.clip(np.exp(ahead[-1]), 0.2, 4.0))
    return _Raters(ahead[:raters], ahead[raters:-1], spread)


def chances(
    unit_R: Ints,
    rater_R: Ints,
    win_R: Floats,
    place_R: Floats,
    *,
    units: int,
    spread: float,
    strength_A: Floats,
    position_A: Floats,
) -> Floats:
    """P(the unit's first is the better one), shape (U,), for raters who are known already."""
    points_Q, chance_Q = _grid()
    raters = len(strength_A)
    ballots = Ballots.of(unit_R, rater_R, win_R, place_R, units=units, raters=raters)
    return _first(ballots.posterior(spread * points_Q, chance_Q, strength_A, position_A))


_LONGEST = 8.0  # times the way of a round that is gone at once
_SAMPLE, _MANY = 20_000, 3  # units that rounds begin with, and how many times as many are many
_PRIOR = 4.0  # 1 / ½²
_PRIOR_3 = np.array([_PRIOR, 0.0, _PRIOR])


def _grid() -> tuple[Floats, Floats]:
    """Points of a normal distribution, in standard deviations, and the chance of each."""
    points_Q = np.linspace(-3.5, 3.5, _GRID)
    chance_Q = np.exp(-(points_Q**2) / 2)
    return points_Q, chance_Q / chance_Q.sum()


def _first(after_UQ: Floats) -> Floats:
    middle = _GRID // 2
    first_U: Floats = after_UQ[:, middle + 1 :].sum(axis=1) + after_UQ[:, middle] / 2
    return first_U


def _solved(known_A3: Floats, pull_A2: Floats) -> Floats:
    own_A, both_A, other_A = known_A3.T
    area_A = own_A * other_A - both_A**2
    one_A = (other_A * pull_A2[:, 0] - both_A * pull_A2[:, 1]) / area_A
    two_A = (own_A * pull_A2[:, 1] - both_A * pull_A2[:, 0]) / area_A
    return np.stack([one_A, two_A], axis=1)
