from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evalhub.stats.association import p_of_no_difference, rank_correlation
from evalhub.stats.intervals import paired_difference, ratio_of

MEAN = ratio_of(0, 1)


def named(count: int) -> list[str]:
    return [f"g{place}" for place in range(count)]


def correlation(first: list[float], second: list[float]) -> float | None:
    found = rank_correlation(
        named(len(first)), np.array(first), np.array(second), beat=lambda: None
    )
    return found.value


def test_ranks_in_order_against_it_and_half_way() -> None:
    """Ranks 1 2 3 beside 1 3 2: deviations -1 0 1 and -1 1 0, products 1, squares 2 and 2: 1 / 2."""
    assert correlation([1, 2, 30], [5, 6, 7]) == pytest.approx(1)
    assert correlation([1, 2, 30], [7, 6, 5]) == pytest.approx(-1)
    assert correlation([1, 2, 3], [0.1, 0.9, 0.2]) == pytest.approx(0.5)


def test_what_never_differs_has_no_correlation() -> None:
    assert correlation([2, 2, 2], [1, 2, 3]) is None
    assert correlation([], []) is None


def test_spearman_with_ties_is_scipys() -> None:
    chance = np.random.default_rng(3)
    first, second = chance.integers(0, 5, 60).astype(float), chance.integers(0, 3, 60).astype(float)
    second += first // 2
    expected = float(stats.spearmanr(first, second).statistic)
    assert correlation(first.tolist(), second.tolist()) == pytest.approx(expected)


def test_its_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of 200 samples of 60 from one with a known rank correlation, about 190 intervals hold it."""
    chance = np.random.default_rng(0)
    truth = 6 / np.pi * np.arcsin(0.6 / 2)  # Spearman's of a normal pair with Pearson's 0.6
    held = 0
    for _ in range(200):
        first = chance.normal(size=60)
        second = 0.6 * first + 0.8 * chance.normal(size=60)
        found = rank_correlation(named(60), first, second, beat=lambda: None)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 180 <= held <= 198


def test_p_is_that_of_a_paired_t_test() -> None:
    """One row a group: the mean of differences over its error, the draws' error being the sample's."""
    chance = np.random.default_rng(1)
    gains = chance.normal(0.3, 1, 400)
    ones = np.ones(400)
    found = paired_difference(
        named(400), np.stack([0 * ones, ones], axis=1), np.stack([gains, ones], axis=1), MEAN
    )
    p = p_of_no_difference(found)
    expected = stats.ttest_1samp(gains, 0).pvalue
    assert p is not None
    assert np.log(p) == pytest.approx(np.log(expected), rel=0.1)


def test_few_groups_and_equal_draws_are_not_tested() -> None:
    def p_over(groups: int, gain: float) -> float | None:
        gains = np.array([[gain * (place % 2), 1.0] for place in range(groups)])
        zeros = np.array([[0.0, 1.0]] * groups)
        return p_of_no_difference(paired_difference(named(groups), zeros, gains, MEAN))

    assert p_over(4, 1.0) is None
    assert p_over(6, 0.0) is None
    assert p_over(6, 1.0) is not None
