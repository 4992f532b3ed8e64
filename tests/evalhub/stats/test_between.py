from __future__ import annotations

import numpy as np
import pytest

from evalhub.stats.agreement import Level, alpha, coincidences, percent
from evalhub.stats.between import coincidences_between

VALUES = np.array([0.0, 1.0])


def test_one_against_one_other_is_the_table_of_two_raters() -> None:
    """Units 0–0, 0–1, 1–1, and one that only the first rater answered."""
    one = np.array([[1.0, 0], [1, 0], [0, 1], [1, 0]])
    other = np.array([[1.0, 0], [0, 1], [0, 1], [0, 0]])
    assert coincidences_between(one, other).tolist() == coincidences(one + other).tolist()


def test_several_others_share_their_unit() -> None:
    """The one says 0, two others 0 and 1: half a pair each, so half of the pairs agree."""
    sums = coincidences_between(np.array([[1.0, 0]]), np.array([[1.0, 1]]))
    assert sums.tolist() == [[1.0, 0.5, 0.5, 0.0]]
    assert percent(sums).tolist() == [0.5]


def test_groups_add_up_to_the_whole() -> None:
    one = np.array([[1.0, 0], [0, 1], [0, 1]])
    others = np.array([[2.0, 1], [0, 3], [1, 1]])
    parts = coincidences_between(one, others, np.array([0, 1, 0]))
    assert parts.sum(axis=0) == pytest.approx(coincidences_between(one, others)[0])


def test_a_constant_one_agrees_no_better_than_chance() -> None:
    """The one always says 0; others say 0 and 1 half the time: alpha is 0 but for its small-sample term."""
    one = np.tile([1.0, 0], (1000, 1))
    others = np.array([[1.0, 0], [0, 1]] * 500)
    value = alpha(coincidences_between(one, others), values_V=VALUES, level=Level.NOMINAL)[0]
    assert value < 0
