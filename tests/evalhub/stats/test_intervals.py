from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.stats.intervals import (
    estimate,
    exp_of,
    group_sums,
    paired_difference,
    ratio_of,
)

MEAN = ratio_of(0, 1)


def counted(values: list[float]) -> np.ndarray:
    """Rows of (value, 1): their ratio of sums is the mean."""
    return np.array([[value, 1.0] for value in values])


def test_rows_of_a_group_are_added_up() -> None:
    """a: 1 + 4 = 5 over 2 rows; b: 2 over 1."""
    sums = group_sums(["a", "b", "a"], counted([1, 2, 4]))
    assert sums.tolist() == [[5, 2], [2, 1]]


def test_a_loss_is_weighted_by_tokens_and_perplexity_is_its_power() -> None:
    """6 nats over 2 tokens and 2 nats over 6: 8 / 8 = 1 nat a token, not (3 + 1/3) / 2; e^1."""
    rows = np.array([[6.0, 2.0], [2.0, 6.0]])
    loss = estimate(["a", "b"], rows, MEAN)
    perplexity = estimate(["a", "b"], rows, exp_of(MEAN))
    assert loss.value == 1.0
    assert perplexity.value == pytest.approx(2.718281828)


def test_no_rows_give_no_value_and_not_zero() -> None:
    nothing = estimate([], np.empty((0, 2)), MEAN)
    assert (nothing.value, nothing.low, nothing.high, nothing.n) == (None, None, None, 0)


def test_one_group_has_a_value_but_no_interval() -> None:
    alone = estimate(["a", "a"], counted([0, 1]), MEAN)
    assert (alone.value, alone.low, alone.high, alone.n) == (0.5, None, None, 2)


def test_the_interval_is_as_wide_as_theory_says() -> None:
    """200 coins, half heads: the standard error is 0.5 / sqrt(200) = 0.0354, twice 1.96 of it 0.139."""
    values = [0.0, 1.0] * 100
    found = estimate([str(i) for i in range(200)], counted(values), MEAN, resamples=4000)
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low == pytest.approx(0.139, abs=0.012)


def test_copies_of_a_row_in_its_group_add_no_certainty() -> None:
    values = [0.0, 1.0] * 20
    once = estimate([str(i) for i in range(40)], counted(values), MEAN)
    tenfold = estimate([str(i // 10) for i in range(400)], counted(np.repeat(values, 10)), MEAN)
    assert tenfold.n == 400
    assert (once.low, once.high) == pytest.approx((tenfold.low, tenfold.high))


def test_ninety_five_of_a_hundred_intervals_hold_the_truth() -> None:
    """Eight groups of normal values around 1: plain percentiles would hold it 89 times of 100."""
    chance = np.random.default_rng(5)
    held = 0
    for seed in range(300):
        rows = counted(chance.normal(1.0, 1.0, 8).tolist())
        found = estimate([str(i) for i in range(8)], rows, MEAN, seed=seed, resamples=400)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.0 <= found.high
    assert 0.915 <= held / 300 <= 0.985


def test_a_pair_that_moves_together_shows_smaller_differences() -> None:
    """Each row gains exactly 0.1: the difference is certain, though the rows differ widely."""
    before = [float(i % 7) for i in range(70)]
    groups = [str(i) for i in range(70)]
    gain = paired_difference(groups, counted(before), counted([v + 0.1 for v in before]), MEAN)
    assert gain.difference == pytest.approx(0.1)
    assert gain.low == pytest.approx(0.1)
    assert gain.smallest == pytest.approx(0.0, abs=1e-9)


def test_the_smallest_difference_is_two_point_eight_standard_errors() -> None:
    """100 gains of +1 and -1 by turns: standard error 1 / sqrt(99) = 0.1005, times 2.80 = 0.281."""
    groups = [str(i) for i in range(100)]
    gains = counted([1.0, -1.0] * 50)
    found = paired_difference(groups, counted([0.0] * 100), gains, MEAN, resamples=6000)
    assert found.smallest == pytest.approx(0.281, rel=0.05)


def test_the_same_seed_gives_the_same_interval() -> None:
    rows = counted([0.0, 1.0, 3.0, 2.0])
    assert estimate(list("abcd"), rows, MEAN, seed=3) == estimate(list("abcd"), rows, MEAN, seed=3)


finite = st.floats(-100, 100, allow_nan=False)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), finite), min_size=1, max_size=30))
def test_an_interval_stays_within_the_groups(rows: list[tuple[str, float]]) -> None:
    groups = [group for group, _ in rows]
    found = estimate(groups, counted([value for _, value in rows]), MEAN, resamples=100)
    sums = group_sums(groups, counted([value for _, value in rows]))
    means = sums[:, 0] / sums[:, 1]
    assert found.n == len(rows)
    if found.low is not None and found.high is not None:
        assert means.min() - 1e-9 <= found.low <= found.high <= means.max() + 1e-9


@given(st.lists(finite, min_size=2, max_size=30))
def test_swapping_the_systems_turns_the_difference_around(values: list[float]) -> None:
    groups = [str(i) for i in range(len(values))]
    zero = counted([0.0] * len(values))
    there = paired_difference(groups, zero, counted(values), MEAN, resamples=100)
    back = paired_difference(groups, counted(values), zero, MEAN, resamples=100)
    assert there.difference == pytest.approx(-(back.difference or 0.0))
    assert there.low == pytest.approx(-(back.high or 0.0), abs=1e-9)
