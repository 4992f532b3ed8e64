from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from evalhub.stats.intervals import estimate_of_sums, ratio_of
from evalhub.stats.many_tests import holm
from evalhub.stats.slices import drawn_by_lot, gaps, means, shares, table_of


def test_holm_is_that_of_statsmodels() -> None:
    p = np.random.default_rng(0).random(40) ** 3
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    with_holes = np.insert(p, 7, np.nan)
    corrected = holm(with_holes)
    assert np.isnan(corrected[7])
    assert np.delete(corrected, 7) == pytest.approx(holm(p))
    assert len(holm(np.zeros(0))) == 0


def test_means_are_those_of_the_estimate_of_sums() -> None:
    chance = np.random.default_rng(1)
    group, cell = np.repeat(np.arange(60), 5), np.tile([0, 1, -1, 0, 1], 60)
    value = chance.normal(2, 1, 300) + chance.normal(0, 1, 60)[group]
    sums = table_of(group, cell, value, shape=(60, 2))
    counts = table_of(group, cell, None, shape=(60, 2))
    found = means(sums, counts)
    for nth in range(2):
        single = estimate_of_sums(
            np.column_stack([sums[:, nth], counts[:, nth]]), ratio_of(0, 1), n=120, seed=5
        )
        assert found.value_C[nth] == single.value == pytest.approx(value[cell == nth].mean())
        assert found.low_C[nth] == pytest.approx(single.low, abs=0.03)
        assert found.high_C[nth] == pytest.approx(single.high, abs=0.03)


def test_where_no_slice_differs_one_report_in_twenty_names_one_at_most() -> None:
    """Ten slices of ten prompts each, against the rest, corrected together."""
    named = []
    counts = np.zeros((100, 10))
    counts[np.arange(100), np.repeat(np.arange(10), 10)] = 4
    for seed in range(150):
        sums = counts * np.random.default_rng(seed).normal(3, 1, (100, 1))
        whole, all_ = sums.sum(axis=1, keepdims=True), counts.sum(axis=1, keepdims=True)
        found = gaps(sums, counts, whole - sums, all_ - counts)
        named.append((holm(found.p_C) < 0.05).any())
    assert np.mean(named) <= 0.08


def test_a_planted_gap_is_found_and_covered() -> None:
    counts = np.zeros((100, 2))
    counts[:30, 0] = counts[30:, 1] = 3
    held, found_p = [], []
    for seed in range(2000):
        chance = np.random.default_rng(seed)
        sums = counts * (3 + chance.normal(0, 0.5, (100, 1)) + np.array([[0.4, 0.0]]))
        found = gaps(sums[:, :1], counts[:, :1], sums[:, 1:], counts[:, 1:])
        held.append(found.low_C[0] <= 0.4 <= found.high_C[0])
        found_p.append(found.p_C[0])
    assert 0.94 <= np.mean(held) <= 0.965
    assert np.mean(np.array(found_p) < 0.05) > 0.9


def test_a_mean_by_hand() -> None:
    """Groups of sums 1, 2 and 6 and one row each: mean 3, without each 4, 3.5 and 1.5.

    Moved by 1, 0.5 and -1.5, squared and summed 3.5, times 2/3: the error is the root of 7/3, which is the
    spread 2.6458 over the root of 3, and t at 2 is 4.3027.
    """
    found = means(np.array([[1.0], [2], [6]]), np.ones((3, 1)))
    assert found.value_C[0] == 3
    assert found.high_C[0] == pytest.approx(3 + 4.3027 * np.sqrt(7 / 3), abs=1e-3)
    assert found.low_C[0] == pytest.approx(3 - 4.3027 * np.sqrt(7 / 3), abs=1e-3)


@pytest.mark.parametrize(("people", "chance_of"), [(10, 0.5), (40, 0.6), (40, 0.9)])
def test_shares_are_covered_95_times_in_100_however_few_people(
    people: int, chance_of: float
) -> None:
    """People answer differently often and lean differently far; drawing them anew covered 94 times."""
    chance = np.random.default_rng(people)
    held = []
    for _ in range(4000):
        counts = chance.integers(1, 40, (people, 1)).astype(float)
        own = chance.beta(10 * chance_of, 10 * (1 - chance_of), (people, 1))
        sums = chance.binomial(counts.astype(int), own).astype(float)
        found = shares(sums, counts)
        held.append(found.low_C[0] <= chance_of <= found.high_C[0])
        assert 0 <= found.low_C[0] <= found.high_C[0] <= 1
    assert 0.94 <= np.mean(held) <= 0.965


def test_a_group_on_both_sides_is_left_out_of_both() -> None:
    """Where each group has the same gap, nothing is unsure about it."""
    counts = np.ones((20, 1))
    sums = np.random.default_rng(3).normal(0, 5, (20, 1))
    found = gaps(sums + 1, counts, sums, counts)
    assert (found.value_C[0], found.low_C[0], found.high_C[0]) == pytest.approx((1, 1, 1))


def test_too_few_groups_are_not_tested() -> None:
    counts = np.zeros((8, 2))
    counts[:4, 0] = counts[4:, 1] = 1
    found = gaps(counts[:, :1], counts[:, :1], counts[:, 1:] * 0, counts[:, 1:])
    assert found.value_C[0] == 1
    assert np.isnan(found.p_C[0])
    nothing = means(np.zeros((3, 1)), np.zeros((3, 1)))
    assert np.isnan([nothing.value_C, nothing.low_C, nothing.high_C]).all()


def test_shares_as_by_lot() -> None:
    """9 of 10 where the whole has half: Fisher's exact test, two-sided by doubling."""
    p = drawn_by_lot(np.array([9, 5]), 10, np.array([50, 50]), 100)
    tail = stats.hypergeom.pmf([9, 10], 100, 50, 10).sum()
    assert p[0] == pytest.approx(2 * tail)
    assert p[1] == 1
    assert drawn_by_lot(np.array([50]), 100, np.array([50]), 100)[0] == 1


def test_where_nothing_differs_nothing_is_sure() -> None:
    """Ten of ten: 0.72 to 1, as Wilson has it; and a gap without spread is not tested."""
    ones = np.ones((20, 2))
    ones[:10, 1] = ones[10:, 0] = 0
    found = shares(ones[:, :1], ones[:, :1])
    assert (found.value_C[0], found.high_C[0]) == pytest.approx((1, 1))
    assert found.low_C[0] == pytest.approx(0.722, abs=0.001)
    gap = gaps(ones[:, :1], ones[:, :1], ones[:, 1:] * 0, ones[:, 1:])
    assert np.isnan(gap.p_C[0])
