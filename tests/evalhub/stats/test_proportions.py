from __future__ import annotations

import pytest
from scipy.stats import binomtest

from evalhub.stats.proportions import wilson


@pytest.mark.parametrize(("part", "n"), [(0, 1), (1, 1), (8, 10), (0, 40), (333, 1000)])
def test_the_interval_is_scipys(part: int, n: int) -> None:
    share = wilson(part, n)
    expected = binomtest(part, n).proportion_ci(method="wilson")
    assert (share.low, share.high) == pytest.approx((expected.low, expected.high), abs=1e-7)


def test_nothing_of_nothing_is_no_share() -> None:
    assert wilson(0, 0).value is None
