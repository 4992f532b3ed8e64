"""Against others' implementations, and a league whose strengths are known."""

from __future__ import annotations

import choix
import evalica
import numpy as np
import pytest
import statsmodels.api as sm
from scipy.sparse import csr_array

from evalhub.stats.leaderboard import board, components, fit, unbounded, win_rates

ALIKE = np.ones(1)  # everybody tells models apart as well


def league(seed: int, *, groups: int = 200, place: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Five comparisons of six models in each group, without ties."""
    chance = np.random.default_rng(seed)
    strength = np.linspace(-1, 1, 6)
    tables = np.zeros((groups, 6, 6, 3))
    for group in range(groups):
        for _each in range(5):
            left, right = chance.choice(6, 2, replace=False)
            won = chance.random() < 1 / (1 + np.exp(strength[right] - strength[left] - place))
            tables[group, left, right, 0 if won else 2] += 1
    return strength, tables


def games(table: np.ndarray) -> list[tuple[int, int]]:
    found = []
    for left, right, outcome in np.argwhere(table):
        pair = (left, right) if outcome == 0 else (right, left)
        found += [pair] * int(table[left, right, outcome])
    return found


def test_as_other_implementations() -> None:
    _strength, tables = league(1)
    table = tables.sum(axis=0)
    ours = fit(table[None], ALIKE).strength_M
    assert ours == pytest.approx(choix.opt_pairwise(6, games(table), alpha=1e-3), abs=0.02)
    winners, losers = zip(*games(table), strict=True)
    theirs = evalica.bradley_terry(winners, losers, [evalica.Winner.X] * len(winners))
    scores = np.log(theirs.scores.sort_index().to_numpy())
    assert ours == pytest.approx(scores - scores.mean(), abs=0.02)


def test_three_wins_and_a_loss_are_the_logarithm_of_three() -> None:
    table = np.zeros((2, 2, 3))
    table[0, 1] = [3, 0, 1]
    table[1, 0] = [1, 0, 3]  # as often from the other side: nothing for the place
    found = fit(table[None], ALIKE)
    assert found.strength_M[0] - found.strength_M[1] == pytest.approx(np.log(3), abs=0.02)
    assert found.position == pytest.approx(0, abs=1e-6)


def test_ties_and_the_place_are_told_apart_from_strength() -> None:
    table = np.zeros((2, 2, 3))
    table[0, 1] = table[1, 0] = [400, 400, 200]  # equals; what stands first wins twice as often
    found = fit(table[None], ALIKE)
    assert found.strength_M == pytest.approx([0, 0], abs=1e-6)
    assert found.position == pytest.approx(np.log(2), abs=0.02)
    # Davidson: ties over the geometric mean of wins
    assert found.tie == pytest.approx(np.log(400 / np.sqrt(400 * 200)), abs=0.02)


def test_where_pairs_stood_in_one_order_only_the_models_explain_more_than_the_place() -> None:
    table = np.zeros((2, 2, 3))
    table[0, 1] = [80, 0, 20]
    found = fit(table[None], ALIKE)
    assert 0 < found.position < 0.1 * (found.strength_M[0] - found.strength_M[1])


def test_slopes_turn_what_people_say() -> None:
    """Who says the opposite counts the other way round, who answers by lot for nothing."""
    honest, lot = np.zeros((2, 2, 3)), np.zeros((2, 2, 3))
    honest[0, 1], honest[1, 0] = [30, 0, 10], [10, 0, 30]
    lot[0, 1] = lot[1, 0] = [20, 0, 20]
    alone = fit(honest[None], ALIKE)
    crowd = fit(np.stack([honest, lot, honest[..., ::-1]]), np.array([1.0, 0.0, -1.0]))
    assert crowd.strength_M == pytest.approx(alone.strength_M, abs=0.01)
    alike = fit(np.stack([honest, lot, honest[..., ::-1]]), np.ones(3))
    assert alike.strength_M == pytest.approx([0, 0], abs=1e-6)


def test_intervals_cover_the_strengths_and_the_place() -> None:
    covered, placed = [], 0
    for seed in range(30):
        strength, tables = league(seed, groups=150, place=0.4)
        found = board(
            csr_array(tables.reshape(len(tables), -1)), ALIKE, models=6, seed=seed, resamples=150
        )
        covered.append((found.low_M <= strength) & (strength <= found.high_M))
        placed += found.position_low <= 0.4 <= found.position_high
        assert found.best_M.sum() == pytest.approx(1)
        assert (found.ranks_M2[:, 0] <= found.ranks_M2[:, 1]).all()
    assert 0.87 <= np.mean(covered) <= 1
    assert placed >= 25


def test_what_nothing_links_is_said() -> None:
    table = np.zeros((5, 5, 3))
    table[0, 1, 0] = table[1, 2, 0] = 3
    table[4, 3, 2] = 2
    assert components(table).tolist() == [0, 0, 0, 1, 1]
    assert unbounded(table).tolist() == [0, 1, 2, 3, 4]
    assert np.isfinite(fit(table[None], ALIKE).strength_M).all()


def test_who_is_ahead_by_the_prior_alone_is_said() -> None:
    """Two and two that won and lost among themselves, and the one pair never lost to the other."""
    table = np.zeros((5, 5, 3))
    table[0, 1] = table[2, 3] = [2, 0, 1]
    table[0, 2, 0] = table[1, 3, 0] = 4
    assert unbounded(table).tolist() == [0, 1, 2, 3]
    table[4, 0, 1] = 1  # a tie: the group with it is the largest now
    assert unbounded(table).tolist() == [2, 3]
    table[3, 1, 0] = 1
    assert unbounded(table).tolist() == []


def test_win_rates_count_a_tie_as_half() -> None:
    table = np.zeros((2, 2, 3))
    table[0, 1] = [2, 1, 0]
    table[1, 0] = [1, 0, 0]
    rate, n = win_rates(table)
    assert (rate[0, 1], rate[1, 0], n[0, 1]) == (2.5 / 4, 1.5 / 4, 4)
    assert np.isnan(rate[0, 0])


@pytest.mark.parametrize("seed", range(6))
def test_ties_place_and_slopes_are_those_of_a_poisson_regression(seed: int) -> None:
    """Davidson's model is log-linear: counts of outcomes are Poisson, with a mean of each class and ordered
    pair. A third of the ordered pairs never met, and who is of the last class says the opposite.
    """
    chance = np.random.default_rng(seed)
    M, slopes = 5, np.array([1.0, 0.4, -0.8])
    strength, tie, place = np.linspace(-0.8, 0.8, M), -0.5, 0.4
    tables = np.zeros((3, M, M, 3))
    rows, counts, cells = [], [], 0
    for nth, slope in enumerate(slopes):
        for one, two in zip(*np.nonzero(~np.eye(M, dtype=bool)), strict=True):
            if chance.random() < 1 / 3:
                continue
            ahead = slope * (strength[one] - strength[two]) + place
            odds = np.exp([ahead, tie + ahead / 2, 0.0])
            tables[nth, one, two] = chance.multinomial(4000, odds / odds.sum())
            for outcome, x in enumerate((1.0, 0.5, 0.0)):
                row = np.zeros(M + 1)
                row[one], row[two] = slope * x, -slope * x
                row[M] = x
                rows.append((cells, row[1:], float(outcome == 1)))
                counts.append(tables[nth, one, two, outcome])
            cells += 1
    design = np.zeros((len(rows), cells + M + 1))
    for nth, (cell, row, is_tie) in enumerate(rows):
        design[nth, cell] = 1
        design[nth, cells : cells + M] = row
        design[nth, -1] = is_tie
    theirs = sm.GLM(np.array(counts), design, family=sm.families.Poisson()).fit().params[cells:]
    expected = np.concatenate([[0.0], theirs[: M - 1]])
    ours = fit(tables, slopes)
    assert ours.strength_M == pytest.approx(expected - expected.mean(), abs=0.002)
    assert ours.position == pytest.approx(theirs[M - 1], abs=0.002)
    assert ours.tie == pytest.approx(theirs[M], abs=0.002)


@pytest.mark.parametrize("seed", range(4))
def test_without_ties_as_choix_and_evalica_also_where_pairs_are_missing(seed: int) -> None:
    _strength, tables = league(seed, groups=300)
    table = tables.sum(axis=0)
    table[0, 1:3] = table[1:3, 0] = 0  # the first never met two of the others
    ours = fit(table[None], ALIKE).strength_M
    both = table + table[..., ::-1].transpose(1, 0, 2)  # from either side: nothing for the place
    unplaced = fit(both[None], ALIKE).strength_M
    assert ours == pytest.approx(unplaced, abs=0.15)
    assert unplaced == pytest.approx(choix.opt_pairwise(6, games(both), alpha=1e-3), abs=0.01)
    winners, losers = zip(*games(both), strict=True)
    theirs = evalica.bradley_terry(winners, losers, [evalica.Winner.X] * len(winners))
    scores = np.log(theirs.scores.sort_index().to_numpy())
    assert unplaced == pytest.approx(scores - scores.mean(), abs=0.01)


def test_degenerate_tables_have_finite_strengths() -> None:
    """Nobody compared anything; all were ties; one model always won."""
    nothing, ties, always = np.zeros((3, 3, 3)), np.zeros((3, 3, 3)), np.zeros((3, 3, 3))
    ties[0, 1, 1] = ties[1, 2, 1] = 50
    always[0, 1, 0] = always[1, 2, 0] = always[0, 2, 0] = 50
    for table, order in ((nothing, [0, 0, 0]), (ties, [0, 0, 0]), (always, [1, 0, -1])):
        found = fit(table[None], ALIKE).strength_M
        assert np.isfinite(found).all()
        assert np.sign(found.round(3)).tolist() == order
