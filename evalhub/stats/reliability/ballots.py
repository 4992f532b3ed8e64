"""What raters said of pairs, as few things, and what it tells of them and of the pairs.

Shapes: R answers, U units, A raters, Q points of a grid, S things that can be said, X of S or R.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalhub.stats.reliability.sums import Counts, Floats, Ints, softmax

_BLOCK = 100_000  # answers at once, each with Q numbers


@dataclass(frozen=True)
class Ballots:
    """What was said, as few things: S = who × (second, tie, first) × where it stood; most of a million
    answers are the same as others of their rater's, so what is computed is computed for S rows.
    """

    said_R: Ints
    counts: Counts  # of each unit: (U, S)
    rater_S: Ints
    win_S: Floats
    place_S: Floats
    raters: int
    units: int

    @property
    def answers(self) -> Floats:
        """How many each rater gave."""
        counts_A: Floats = np.bincount(self.rater_S[self.said_R], minlength=self.raters).astype(
            float
        )
        return counts_A

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
    ) -> Ballots:
        said_R = rater_R * 9 + (2 * win_R).astype(np.int64) * 3 + place_R.astype(np.int64) + 1
        rater_S, what_S = np.divmod(np.arange(raters * 9), 9)
        win_S, place_S = what_S // 3 / 2, what_S % 3 - 1.0
        counts = Counts.of(unit_R, said_R, units=units, said=raters * 9)
        return cls(said_R, counts, rater_S, win_S, place_S, raters, units)

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


def _sigmoid(x: Floats) -> Floats:
    share: Floats = 1 / (1 + np.exp(-x))
    return share
