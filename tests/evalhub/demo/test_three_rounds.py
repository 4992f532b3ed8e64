"""The circle closes: what people prefer is more often what the model says, Round by Round."""

from __future__ import annotations

import itertools

import pytest

from tests.evalhub.demo.three_rounds import three_rounds

pytestmark = [pytest.mark.django_db, pytest.mark.long]


@pytest.mark.parametrize("seed", range(5))
def test_the_win_rate_rises_each_round_and_a_bad_adapter_is_refused(seed: int) -> None:
    course = three_rounds(seed)

    rates = [0.5, *course.win_rates]
    print(course.win_rates, course.decisions, course.planted.reason)
    assert all(later > before for before, later in itertools.pairwise(rates)), course
    assert course.planted.decision == "refuse", course.planted.reason
