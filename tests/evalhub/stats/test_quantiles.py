from __future__ import annotations

import pytest
from scipy import stats

from evalhub.stats.quantiles import normal_quantile, t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 6, 8, 13, 50, 1000])
@pytest.mark.parametrize("probability", [0.6, 0.9, 0.95, 0.975, 0.995])
def test_student_s_t_as_scipy_has_it(freedom: int, probability: float) -> None:
    expected = stats.t.ppf(probability, freedom)
    assert t_quantile(probability, freedom) == pytest.approx(expected, rel=2e-5)


def test_the_normal_as_scipy_has_it() -> None:
    assert normal_quantile(0.8) == pytest.approx(stats.norm.ppf(0.8))
