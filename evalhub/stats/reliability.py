"""What many people's answers say together, and how far each person can be relied on.

Shapes: R answers, U units, A raters, V values, Q points of a grid. Three models, one for each kind of
answer: choices (Dawid and Skene), ratings (severity and spread), preferences (Bradley and Terry with
the strength of each rater). Each gives every unit a consensus with its uncertainty, and every rater
their parameters with theirs. Nobody's few answers say much: a rater is drawn towards the others by
about as much as `_WEIGHT` answers would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Beat = Callable[[], object]

_WEIGHT = 4.0  # answers' worth of what is known of all raters, in each rater's parameters
_ROUNDS = 200
_CLOSE = 1e-5  # the mean change, in probabilities or shares of the spread, that is none any more


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
    weight: float = _WEIGHT,
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
    order = np.argsort(unit_R, kind="stable")
    unit_R, rater_R, code_R = unit_R[order], rater_R[order], code_R[order]
    said_R = rater_R * values + code_R
    counts_UV = np.bincount(unit_R * values + code_R, minlength=units * values)
    truth_UV = _shares(counts_UV.reshape(units, values).astype(float))
    is_settled = False
    for _ in range(_ROUNDS):
        beat()
        priors_V = truth_UV.mean(axis=0)
        confusion_AVV = _confusion(truth_UV, unit_R, said_R, raters, values, weight)
        log_AVV = np.log(np.maximum(confusion_AVV, 1e-12))
        table_SV = log_AVV.transpose(0, 2, 1).reshape(raters * values, values)
        log_UV = np.log(np.maximum(priors_V, 1e-12)) + _added(table_SV[said_R], unit_R, units)
        before, truth_UV = truth_UV, _softmax(log_UV)
        if units == 0 or np.abs(truth_UV - before).mean() < _CLOSE:
            is_settled = True
            break
    return Choices(truth_UV, priors_V, confusion_AVV, is_settled)


def _confusion(
    truth_UV: Floats, unit_R: Ints, said_R: Ints, raters: int, values: int, weight: float
) -> Floats:
    cells = raters * values
    columns = [
        np.bincount(said_R, truth_UV[unit_R, true], minlength=cells).reshape(raters, values)
        for true in range(values)
    ]
    counts_AVV = np.stack(columns, axis=1)  # rater, true, said
    pooled_VV = _shares(counts_AVV.sum(axis=0) + 1e-9)
    return _shares(counts_AVV + weight * pooled_VV + 1e-9)


@dataclass(frozen=True)
class Ratings:
    """What the model of severity and spread says, in units of the scale."""

    score_U: Floats  # the consensus
    error_U: Floats  # its standard deviation
    severity_A: Floats  # how far a rater's answers lie above (+) or below the consensus
    severity_error_A: Floats
    spread_A: Floats  # standard deviation of a rater's answers around consensus plus severity
    mean: float
    is_settled: bool  # False: stopped after 200 rounds while it still moved


def severity_and_spread(
    unit_R: Ints,
    rater_R: Ints,
    value_R: Floats,
    *,
    units: int,
    raters: int,
    weight: float = _WEIGHT,
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
    for _ in range(_ROUNDS):
        beat()
        before = score_U
        precision_R = 1 / variance_A[rater_R]
        known_U = np.bincount(unit_R, precision_R, minlength=units) + 1 / between
        off_R = (value_R - severity_A[rater_R] - mean) * precision_R
        shift_U = np.bincount(unit_R, off_R, minlength=units) / known_U
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
        if units == 0 or np.abs(score_U - before).mean() < _CLOSE * np.sqrt(between + noise):
            is_settled = True
            break
    return Ratings(
        score_U=score_U,
        error_U=np.sqrt(1 / known_U),
        severity_A=severity_A,
        severity_error_A=np.sqrt(1 / known_A),
        spread_A=np.sqrt(variance_A),
        mean=mean,
        is_settled=is_settled,
    )


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
    unit_R, rater_R, win_R, place_R = (x[order] for x in (unit_R, rater_R, win_R, place_R))
    points_Q = np.linspace(-3.5, 3.5, _GRID)
    chance_Q = np.exp(-(points_Q**2) / 2)
    chance_Q /= chance_Q.sum()
    strength_A, position_A, spread = np.ones(raters), np.zeros(raters), 1.5
    gap_U, n_A = np.zeros(units), np.bincount(rater_R, minlength=raters).astype(float)
    answers = _Compared(unit_R, rater_R, win_R, place_R)
    is_settled = False
    for _ in range(_ROUNDS):
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
    middle = _GRID // 2
    return Preferences(
        first_U=after_UQ[:, middle + 1 :].sum(axis=1) + after_UQ[:, middle] / 2,
        gap_U=gap_U,
        gap_error_U=np.sqrt(np.maximum(after_UQ @ gaps_Q**2 - gap_U**2, 0)),
        strength_A=strength_A,
        strength_error_A=np.sqrt(seen_A3[:, 2] / area_A),
        position_A=position_A,
        position_error_A=np.sqrt(seen_A3[:, 0] / area_A),
        spread=spread,
        is_settled=is_settled,
    )


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
        _add_to(log_UQ, log_RQ, block.unit_R)
    return _softmax(log_UQ)


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


def _added(rows_RV: Floats, unit_R: Ints, units: int) -> Floats:
    """Sums over the rows of each unit, which stand together."""
    sums_UV = np.zeros((units, rows_RV.shape[1]))
    _add_to(sums_UV, rows_RV, unit_R)
    return sums_UV


def _add_to(sums_UV: Floats, rows_RV: Floats, unit_R: Ints) -> None:
    if not len(unit_R):
        return
    begins = np.flatnonzero(np.concatenate([[True], unit_R[1:] != unit_R[:-1]]))
    sums_UV[unit_R[begins]] += np.add.reduceat(rows_RV, begins, axis=0)


def _shares(counts_XV: Floats) -> Floats:
    total_X1 = counts_XV.sum(axis=-1, keepdims=True)
    even = np.full_like(counts_XV, 1 / counts_XV.shape[-1])
    return np.divide(counts_XV, total_X1, out=even, where=total_X1 > 0)


def _softmax(log_UV: Floats) -> Floats:
    raised_UV = np.exp(log_UV - log_UV.max(axis=1, keepdims=True))
    shares_UV: Floats = raised_UV / raised_UV.sum(axis=1, keepdims=True)
    return shares_UV


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))
