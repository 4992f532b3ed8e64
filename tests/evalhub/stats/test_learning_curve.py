from __future__ import annotations

import pytest

from evalhub.stats.learning_curve import Answer, last_doubling, mean_with_interval


def test_the_interval_of_a_mean_is_students() -> None:
    """1, 2, 3: s = 1, t(0.975, 2) = 4.3027, so 2 ± 4.3027 / √3 = 2 ± 2.4841."""
    told = mean_with_interval([1, 2, 3])
    assert (told.value, told.n) == (2, 3)
    assert told.low == pytest.approx(2 - 2.4841, abs=1e-4)
    assert told.high == pytest.approx(2 + 2.4841, abs=1e-4)
    assert mean_with_interval([5]).low is None
    assert mean_with_interval([]).value is None


@pytest.mark.parametrize(
    "half, whole, answer",
    [
        ([1.20, 1.21, 1.19], [1.00, 1.01, 1.00], "yes"),  # gains 0.20, 0.20, 0.19
        ([1.001, 1.002, 1.001], [1.000, 1.001, 1.000], "no"),  # all 0.001, below 0.01
        ([1.20, 1.00, 1.10], [1.00, 1.05, 1.00], "cannot tell"),  # 0.20, -0.05, 0.10
        ([1.20], [1.00], "cannot tell"),  # one seed tells nothing of chance
        ([1.00, 1.01, 1.00], [1.10, 1.11, 1.10], "no"),  # worse with more
    ],
)
def test_the_answer_hangs_on_the_interval_of_the_last_doubling(
    half: list[float], whole: list[float], answer: Answer
) -> None:
    told = last_doubling(half, whole, worthwhile=0.01, more_is_better=False)
    assert told.answer == answer


def test_where_more_is_better_a_gain_is_a_rise() -> None:
    told = last_doubling([0.6, 0.61], [0.7, 0.71], worthwhile=0.01, more_is_better=True)
    assert told.gain.value == pytest.approx(0.1)
    assert told.answer == "yes"
