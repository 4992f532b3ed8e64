from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.stats.pace import expected_finish


def test_a_steady_pace() -> None:
    finish = expected_finish([10] * 24, 120)
    assert finish is not None
    assert finish.expected == 12
    assert finish.high is not None
    assert (finish.low, finish.high) == (pytest.approx(9.6, abs=0.1), pytest.approx(15.2, abs=0.1))


def test_nothing_left_nothing_come_and_too_little_known() -> None:
    done = expected_finish([], 0)
    assert done is not None
    assert (done.expected, done.low, done.high) == (0, 0, 0)
    assert expected_finish([0] * 10, 5) is None
    assert expected_finish([4, 4], 5) is None


def test_a_pace_that_may_come_to_nothing_has_no_latest_end() -> None:
    finish = expected_finish([0, 0, 0, 9], 100)
    assert finish is not None
    assert finish.high is None
    assert 0 < finish.low < finish.expected


@pytest.mark.parametrize("spread", [0.0, 0.8])
def test_the_interval_holds_the_true_end_19_times_in_20(spread: float) -> None:
    """Days of Poisson counts, or of counts that vary more; the true end by going on."""
    chance = np.random.default_rng(4)
    tries, hits = 1500, 0
    for _ in range(tries):
        rates = 50 * chance.gamma(1 / spread, spread, 400) if spread else np.full(400, 50.0)
        counts = chance.poisson(rates)
        finish = expected_finish(counts[:14].tolist(), 600)
        assert finish is not None
        came = np.cumsum(counts[14:])
        end = int(np.searchsorted(came, 600))  # whole days before the one in which it ends
        high = np.inf if finish.high is None else finish.high
        hits += finish.low <= end + 1 and end <= high
    assert 0.93 < hits / tries <= 1


@given(
    counts=st.lists(st.integers(0, 500), min_size=3, max_size=60).filter(any),
    remaining=st.integers(1, 100_000),
)
def test_the_ends_lie_around_the_expectation(counts: list[int], remaining: int) -> None:
    finish = expected_finish(counts, remaining)
    assert finish is not None
    assert 0 < finish.low <= finish.expected
    assert finish.high is None or finish.high >= finish.expected
