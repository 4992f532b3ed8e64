"""Preferences, by Bradley and Terry with strengths.

Shapes: R answers, U units, A raters, Q points of a grid, S things that can be said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalhub.stats.reliability.sums import ROUNDS, Beat, Counts, Floats, Ints, softmax


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
    points_Q, chance_Q = _grid()
    ballots = _Ballots.of(unit_R, rater_R, win_R, place_R, units=units, raters=raters)
    strength_A, position_A, spread = np.ones(raters), np.zeros(raters), 1.5
    gap_U, n_A = np.zeros(units), np.bincount(rater_R, minlength=raters).astype(float)
    is_settled = False
    for _ in range(ROUNDS):
        beat()
        before, gaps_Q = gap_U, spread * points_Q
        after_UQ = ballots.posterior(gaps_Q, chance_Q, strength_A, position_A)
        gap_U = after_UQ @ gaps_Q
        pull_A2, known_A3 = ballots.slopes(after_UQ, gaps_Q, strength_A, position_A)
        pull_A2 -= _PRIOR * np.stack([strength_A - 1, position_A], axis=1)
        step_A2 = np.clip(_solved(known_A3 + _PRIOR_3, pull_A2), -0.5, 0.5)
        strength_A, position_A = strength_A + step_A2[:, 0], position_A + step_A2[:, 1]
        spread = float(np.clip(np.sqrt((after_UQ @ gaps_Q**2).mean()) if units else 1.0, 0.2, 4.0))
        scale = float(np.clip(np.average(strength_A, weights=n_A), 0.2, 5.0)) if n_A.sum() else 1.0
        strength_A, spread = strength_A / scale, spread * scale  # only their product is told
        if units == 0 or np.abs(gap_U - before).mean() < _CLOSE_GAP:
            is_settled = True
            break
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
    ballots = _Ballots.of(unit_R, rater_R, win_R, place_R, units=units, raters=raters)
    return _first(ballots.posterior(spread * points_Q, chance_Q, strength_A, position_A))


_BLOCK = 100_000  # answers at once, each with Q numbers
_PRIOR = 4.0  # 1 / ½²
_PRIOR_3 = np.array([_PRIOR, 0.0, _PRIOR])


@dataclass(frozen=True)
class _Ballots:
    """What was said, as few things: S = who × (second, tie, first) × where it stood; most of a million
    answers are the same as others of their rater's, so what is computed is computed for S rows.
    """

    said_R: Ints
    counts: Counts  # of each unit: (U, S)
    rater_S: Ints
    win_S: Floats
    place_S: Floats
    raters: int

    @classmethod
    def of(
        cls,
        unit_R: Ints,
        rater_R: Ints,
        win_R: Floats,
        place_R: Floats,
        *,
        units: int,
        raters: int,
    ) -> _Ballots:
        said_R = rater_R * 9 + (2 * win_R).astype(np.int64) * 3 + place_R.astype(np.int64) + 1
        rater_S, what_S = np.divmod(np.arange(raters * 9), 9)
        win_S, place_S = what_S // 3 / 2, what_S % 3 - 1.0
        counts = Counts.of(unit_R, said_R, units=units, said=raters * 9)
        return cls(said_R, counts, rater_S, win_S, place_S, raters)

    def logits(self, gaps_Q: Floats, strength_A: Floats, position_A: Floats) -> Floats:
        aside_S = position_A[self.rater_S] * self.place_S
        logits_SQ: Floats = strength_A[self.rater_S][:, None] * gaps_Q + aside_S[:, None]
        return logits_SQ

    def posterior(
        self, gaps_Q: Floats, chance_Q: Floats, strength_A: Floats, position_A: Floats
    ) -> Floats:
        """P(the unit's gap is each of the grid's), shape (U, Q)."""
        logit_SQ = self.logits(gaps_Q, strength_A, position_A)
        log_SQ = self.win_S[:, None] * logit_SQ - np.logaddexp(0, logit_SQ)
        return softmax(self.counts.of_units(log_SQ) + np.log(chance_Q))

    def slopes(
        self, after_UQ: Floats, gaps_Q: Floats, strength_A: Floats, position_A: Floats
    ) -> tuple[Floats, Floats]:
        """For each rater's strength and position: the gradient (A, 2), and the information that there
        would be if the gaps were known (A, 3: own, both, own).
        """
        p_SQ = _sigmoid(self.logits(gaps_Q, strength_A, position_A))
        after_SQ = self.counts.of_said(after_UQ)
        pulls_SQ = after_SQ * (self.win_S[:, None] - p_SQ)
        sure_SQ = after_SQ * p_SQ * (1 - p_SQ)
        columns = (
            pulls_SQ @ gaps_Q,
            pulls_SQ.sum(axis=1) * self.place_S,
            sure_SQ @ gaps_Q**2,
            (sure_SQ @ gaps_Q) * self.place_S,
            sure_SQ.sum(axis=1) * self.place_S**2,
        )
        sums_A5 = self._by_rater(self.rater_S, columns)
        return sums_A5[:, :2], sums_A5[:, 2:]

    def missing(
        self,
        after_UQ: Floats,
        gaps_Q: Floats,
        strength_A: Floats,
        position_A: Floats,
        unit_R: Ints,
    ) -> Floats:
        """What of that information is missing, as the gaps are not known (A, 3).

        Source:
            T. Louis, "Finding the Observed Information Matrix When Using the EM Algorithm", 1982.
        """
        off_SQ = self.win_S[:, None] - _sigmoid(self.logits(gaps_Q, strength_A, position_A))
        sums_A3 = np.zeros((self.raters, 3))
        for begin in range(0, len(unit_R), _BLOCK):
            rows = slice(begin, begin + _BLOCK)
            said_R = self.said_R[rows]
            place_R, off_RQ = self.place_S[said_R], off_SQ[said_R]
            pulls_RQ = after_UQ[unit_R[rows]] * off_RQ
            squares_RQ = pulls_RQ * off_RQ
            own_R, aside_R = pulls_RQ @ gaps_Q, pulls_RQ.sum(axis=1)
            columns = (
                squares_RQ @ gaps_Q**2 - own_R**2,
                (squares_RQ @ gaps_Q - own_R * aside_R) * place_R,
                (squares_RQ.sum(axis=1) - aside_R**2) * place_R**2,
            )
            sums_A3 += self._by_rater(self.rater_S[said_R], columns)
        return sums_A3

    def _by_rater(self, rater_X: Ints, columns: tuple[Floats, ...]) -> Floats:
        sums = [np.bincount(rater_X, each, minlength=self.raters) for each in columns]
        return np.stack(sums, axis=1).astype(float)


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


def _sigmoid(x: Floats) -> Floats:
    share: Floats = 1 / (1 + np.exp(-x))
    return share
