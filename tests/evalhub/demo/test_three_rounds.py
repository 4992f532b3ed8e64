"""The circle closes: what people prefer is more often what the model says, Round by Round."""

from __future__ import annotations

import itertools

import pytest

from evalhub.runs import execution
from tests.evalhub.demo.three_rounds import ROUNDS, three_rounds
from tests.trainer_here import TrainerHere

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 5))]
)
def test_the_win_rate_rises_each_round_and_a_bad_adapter_is_refused(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "Trainer", TrainerHere)

    course = three_rounds(seed)
    print(seed, course.win_rates)  # for docs/performance.md: pytest -s

    rates = [0.5, *course.win_rates]
    assert all(later > before for before, later in itertools.pairwise(rates)), course
    assert course.decisions == ["promote"] * ROUNDS
    assert course.planted.decision == "refuse", course.planted.reason
