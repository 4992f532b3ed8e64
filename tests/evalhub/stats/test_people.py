"""Standard errors over people, against values worked out by hand and a simulation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.stats.people import OfPeople, gap_between, leaving_out, median_of


def test_leaving_people_out_gives_the_error_of_a_mean() -> None:
    """Of 1, 2, 3, 6 the variance is 14/3, so the error of the mean is sqrt(14/3/4) = 1.0801."""
    value_R = np.array([1.0, 2.0, 3.0, 6.0])

    def mean(is_in_R: NDArray[np.bool_]) -> float:
        return float(value_R[is_in_R].mean())

    found = leaving_out(mean, np.arange(4))
    assert found.value == 3
    assert found.error == pytest.approx(1.0801, abs=1e-4)
    low, high = found.interval()
    assert low == pytest.approx(3 - 3.1824 * 1.0801, abs=1e-3)  # t of 3 degrees of freedom
    assert high == pytest.approx(3 + 3.1824 * 1.0801, abs=1e-3)


def test_the_answers_of_one_person_go_together() -> None:
    """The same four answers by two people, 1 and 2 by one, 3 and 6 by the other: means 1.5, 4.5.

    Half the distance is the error: sqrt(1/2 * (1.5^2 + 1.5^2)) = 1.5.
    """
    value_R, person_R = np.array([1.0, 2.0, 3.0, 6.0]), np.array([7, 7, 9, 9])
    found = leaving_out(lambda is_in_R: float(value_R[is_in_R].mean()), person_R)
    assert (found.error, found.groups) == (pytest.approx(1.5), 2)


def test_one_person_leaves_no_interval_and_nobody_no_value() -> None:
    one = leaving_out(lambda is_in_R: float(is_in_R.mean()), np.array([3, 3]))
    assert (one.value, one.error, one.interval()) == (1.0, None, (None, None))
    assert median_of(np.array([2.0]), np.array([3])) == OfPeople(2.0, None, 1)
    nobody = np.array([], dtype=np.int64)
    assert median_of(nobody.astype(float), nobody) == OfPeople(None, None, 0)
    assert leaving_out(lambda _: 1.0, nobody) == OfPeople(None, None, 0)
    assert gap_between(one, OfPeople(None, None, 0)).difference is None
    assert gap_between(one, OfPeople(3.0, None, 1)).difference == 2


def test_people_who_are_all_alike_leave_no_interval() -> None:
    value_R, person_R = np.zeros(9), np.repeat(np.arange(3), 3)
    found = leaving_out(lambda is_in_R: float(value_R[is_in_R].mean()), person_R)
    assert (found.value, found.error) == (0.0, None)
    assert median_of(value_R, person_R).error is None


def test_the_difference_of_two_groups_by_welch() -> None:
    """Errors of 1 and 1 of 11 people each: 20 degrees of freedom, t = 2.086, reach 2.950."""
    found = gap_between(OfPeople(3.0, 1.0, 11), OfPeople(5.0, 1.0, 11))
    assert found.difference == 2
    assert found.low == pytest.approx(-0.950, abs=1e-3)
    assert found.high == pytest.approx(4.950, abs=1e-3)


def test_the_error_of_a_median_is_what_repeating_the_study_gives() -> None:
    """Forty people of ten answers each, spread between and within: repeated 300 times."""
    chance = np.random.default_rng(4)
    person_R = np.repeat(np.arange(40), 10)

    def study() -> NDArray[np.float64]:
        own = chance.normal(0, 1, 40)[person_R] + chance.normal(0, 1, 400)
        return np.exp(own)

    medians = [float(np.median(study())) for _ in range(300)]
    errors = [median_of(study(), person_R, resamples=200).error for _ in range(10)]
    assert np.mean([error or 0.0 for error in errors]) == pytest.approx(np.std(medians), rel=0.25)
