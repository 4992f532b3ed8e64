"""Preferences, by Bradley and Terry with strengths. Shapes: R answers, U units, A raters, Q points of a grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evalhub.stats.reliability.sums import ROUNDS, Beat, Floats, Ints, add_to, softmax


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
    order = np.argsort(unit_R, kind="stable")
    unit_R, rater_R = unit_R[order], rater_R[order]
    win_R, place_R = win_R[order], place_R[order]
    points_Q, chance_Q = _grid()
    strength_A, position_A, spread = np.ones(raters), np.zeros(raters), 1.5
    gap_U, n_A = np.zeros(units), np.bincount(rater_R, minlength=raters).astype(float)
    answers = _Compared(unit_R, rater_R, win_R, place_R)
    is_settled = False
    for _ in range(ROUNDS):
        beat()
        before, gaps_Q = gap_U, spread * points_Q
        after_UQ = _posterior(answers, gaps_Q, chance_Q, strength_A, position_A, units)
        gap_U = after_UQ @ gaps_Q
        pull_A2, known_A3, _ = _slopes(answers, after_UQ, gaps_Q, strength_A, position_A)
        pull_A2 -= _PRIOR * np.stack([strength_A - 1, position_A], axis=1)
        step_A2 = np.clip(_solved(known_A3 + _PRIOR_3, pull_A2), -0.5, 0.5)
        strength_A, position_A = strength_A + step_A2[:, 0], position_A + step_A2[:, 1]
        spread = float(np.clip(np.sqrt((after_UQ @ gaps_Q**2).mean()) if units else 1.0, 0.2, 4.0))
        scale = float(np.clip(np.average(strength_A, weights=n_A), 0.2, 5.0)) if n_A.sum() else 1.0
        strength_A, spread = strength_A / scale, spread * scale  # only their product is told
        if units == 0 or np.abs(gap_U - before).mean() < _CLOSE_GAP:
            is_settled = True
            break
    _, known_A3, missing_A3 = _slopes(answers, after_UQ, gaps_Q, strength_A, position_A)
    seen_A3 = known_A3 - missing_A3 + _PRIOR_3
    area_A = seen_A3[:, 0] * seen_A3[:, 2] - seen_A3[:, 1] ** 2
    return Preferences(
        first_U=_first(after_UQ),
        gap_U=gap_U,
        gap_error_U=np.sqrt(np.maximum(after_UQ @ gaps_Q**2 - gap_U**2, 0)),
        strength_A=strength_A,
        strength_error_A=np.sqrt(seen_A3[:, 2] / area_A),
        position_A=position_A,
        position_error_A=np.sqrt(seen_A3[:, 0] / area_A),
        spread=spread,
        is_settled=is_settled,
    )


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
    order = np.argsort(unit_R, kind="stable")
    answers = _Compared(unit_R[order], rater_R[order], win_R[order], place_R[order])
    points_Q, chance_Q = _grid()
    gaps_Q = spread * points_Q
    return _first(_posterior(answers, gaps_Q, chance_Q, strength_A, position_A, units))


_BLOCK = 100_000  # answers at once, each with Q numbers
_PRIOR = 4.0  # 1 / ½²
_PRIOR_3 = np.array([_PRIOR, 0.0, _PRIOR])


@dataclass(frozen=True)
class _Compared:
    """Answers in order of their unit."""

    unit_R: Ints
    rater_R: Ints
    win_R: Floats
    place_R: Floats

    def blocks(self) -> Iterator[_Compared]:
        for begin in range(0, len(self.unit_R), _BLOCK):
            rows = slice(begin, begin + _BLOCK)
            yield _Compared(
                self.unit_R[rows], self.rater_R[rows], self.win_R[rows], self.place_R[rows]
            )

    def logits(self, gaps_Q: Floats, strength_A: Floats, position_A: Floats) -> Floats:
        aside_R = position_A[self.rater_R] * self.place_R
        logits_RQ: Floats = strength_A[self.rater_R][:, None] * gaps_Q + aside_R[:, None]
        return logits_RQ


def _grid() -> tuple[Floats, Floats]:
    """Points of a normal distribution, in standard deviations, and the chance of each."""
    points_Q = np.linspace(-3.5, 3.5, _GRID)
    chance_Q = np.exp(-(points_Q**2) / 2)
    return points_Q, chance_Q / chance_Q.sum()


def _first(after_UQ: Floats) -> Floats:
    middle = _GRID // 2
    first_U: Floats = after_UQ[:, middle + 1 :].sum(axis=1) + after_UQ[:, middle] / 2
    return first_U


def _posterior(
    answers: _Compared,
    gaps_Q: Floats,
    chance_Q: Floats,
    strength_A: Floats,
    position_A: Floats,
    units: int,
) -> Floats:
    log_UQ = np.tile(np.log(chance_Q), (units, 1))
    for block in answers.blocks():
        logit_RQ = block.logits(gaps_Q, strength_A, position_A)
        log_RQ = block.win_R[:, None] * logit_RQ - np.logaddexp(0, logit_RQ)
        add_to(log_UQ, log_RQ, block.unit_R)
    return softmax(log_UQ)


def _slopes(
    answers: _Compared, after_UQ: Floats, gaps_Q: Floats, strength_A: Floats, position_A: Floats
) -> tuple[Floats, Floats, Floats]:
    """For each rater's strength and position: the gradient (A, 2), and the information that there
    would be if the gaps were known, and what of it is missing as they are not (A, 3: own, both, own).

    Source:
        T. Louis, "Finding the Observed Information Matrix When Using the EM Algorithm", 1982.
    """
    raters = len(strength_A)
    sums_A8 = np.zeros((raters, 8))
    for block in answers.blocks():
        p_RQ = _sigmoid(block.logits(gaps_Q, strength_A, position_A))
        after_RQ, place_R = after_UQ[block.unit_R], block.place_R
        off_RQ = block.win_R[:, None] - p_RQ
        pulls_RQ = after_RQ * off_RQ
        sure_RQ = after_RQ * p_RQ * (1 - p_RQ)
        squares_RQ = pulls_RQ * off_RQ
        own_R, aside_R = pulls_RQ @ gaps_Q, pulls_RQ.sum(axis=1)
        columns = (
            own_R,
            aside_R * place_R,
            sure_RQ @ gaps_Q**2,
            (sure_RQ @ gaps_Q) * place_R,
            sure_RQ.sum(axis=1) * place_R**2,
            squares_RQ @ gaps_Q**2 - own_R**2,
            (squares_RQ @ gaps_Q - own_R * aside_R) * place_R,
            (squares_RQ.sum(axis=1) - aside_R**2) * place_R**2,
        )
        for nth, column in enumerate(columns):
            sums_A8[:, nth] += np.bincount(block.rater_R, column, minlength=raters)
    return sums_A8[:, :2], sums_A8[:, 2:5], sums_A8[:, 5:]


def _solved(known_A3: Floats, pull_A2: Floats) -> Floats:
    own_A, both_A, other_A = known_A3.T
    area_A = own_A * other_A - both_A**2
    one_A = (other_A * pull_A2[:, 0] - both_A * pull_A2[:, 1]) / area_A
    two_A = (own_A * pull_A2[:, 1] - both_A * pull_A2[:, 0]) / area_A
    return np.stack([one_A, two_A], axis=1)


def _sigmoid(x: Floats) -> Floats:
    share: Floats = 1 / (1 + np.exp(-x))
    return share
