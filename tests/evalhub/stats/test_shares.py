"""Intervals of shares where no draw of groups differs from another."""

from __future__ import annotations

import numpy as np
import pytest

from evalhub.stats.intervals import Difference, Estimate, estimate, paired_difference, ratio_of
from evalhub.stats.shares import as_unseen_groups_allow, at_least_wilson, estimate_of_shares

MEAN = ratio_of(0, 1)


def counted(values: np.ndarray) -> np.ndarray:
    """Rows of (value, 1): their ratio of sums is the mean."""
    return np.stack([values, np.ones(len(values))], axis=1)


def names(groups: int) -> list[str]:
    return [f"g{n}" for n in range(groups)]


def gap(before: np.ndarray, after: np.ndarray) -> Difference:
    found = paired_difference(names(len(before)), counted(before), counted(after), MEAN)
    return as_unseen_groups_allow(found)


@pytest.mark.parametrize(("value", "low", "high"), [(1.0, 0.676, 1.0), (0.0, 0.0, 0.324), (0.5, 0.215, 0.785)])  # fmt: skip
def test_what_all_groups_say_is_wilsons(value: float, low: float, high: float) -> None:
    """z² = 3.8415. All of 8: 8 / (8 + z²) = 0.676. All a half: 1/2 ± z (1/32 + z²/256)^½ / (1 + z²/8)."""
    found = estimate_of_shares(names(8), np.full(8, value))
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


def test_where_draws_differ_nothing_is_changed() -> None:
    values = np.array([1.0, 1.0, 1.0, 0.0])
    found = estimate(names(4), counted(values), MEAN)
    assert at_least_wilson(found, groups=4) == found
    other = paired_difference(names(4), counted(values), counted(1 - values), MEAN)
    assert as_unseen_groups_allow(other) == other


def test_nothing_and_one_group_have_what_they_had() -> None:
    nothing, one = Estimate(None, None, None, 0), Estimate(0.25, None, None, 4)
    assert at_least_wilson(nothing, groups=0) == nothing
    assert at_least_wilson(one, groups=1) == one
    alone = gap(np.ones(1), np.ones(1))
    assert (alone.difference, alone.low, alone.smallest) == (0, None, None)


def test_twenty_groups_that_both_answer_rightly_leave_sixteen_points() -> None:
    """q = z² / (20 + z²) = 3.8415 / 23.8415 = 0.1611; (z + 0.8416) q / z = 0.2303."""
    found = gap(np.ones(20), np.ones(20))
    assert (found.low, found.high) == (pytest.approx(-0.1611, abs=1e-4), pytest.approx(0.1611, abs=1e-4))  # fmt: skip
    assert found.smallest == pytest.approx(0.2303, abs=1e-4)


def test_a_gain_in_every_group_is_no_certainty_of_all() -> None:
    """q = 0.1611 of the groups may be lost instead of won: 1 - 2 q."""
    found = gap(np.zeros(20), np.ones(20))
    assert (found.low, found.high) == (pytest.approx(1 - 2 * 0.1611, abs=1e-4), 1.0)


def test_a_rare_loss_is_within_the_interval() -> None:
    """A candidate loses one prompt group in fifty. Of sets of 20 groups two in three do not see it, and there the
    bootstrap alone would be sure that it loses nothing."""
    chance = np.random.default_rng(3)
    hidden = held = 0
    for _ in range(200):
        after = (chance.random(20) >= 0.02).astype(float)
        if after.all():
            hidden += 1
            found = gap(np.ones(20), after)
            assert found.low is not None
            held += found.low <= -0.02
    assert hidden > 100
    assert held == hidden
