"""Judgments of tasks that grow, foretold and then counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evalhub.stats.growing import Question, close, decided, forecast_growth
from evalhub.stats.settled import is_close, is_decided

ANSWERS = st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=1, max_size=9)


@given(ANSWERS)
def test_whole_arrays_follow_the_rule_that_grows_a_task(answers: list[int | None]) -> None:
    row = np.array([[np.nan if each is None else each for each in answers]], dtype=float)
    said = [each for each in answers if each is not None]
    assert decided(row).tolist() == [is_decided(said)]
    assert close(row).tolist() == [is_close(said)]


def preferences(
    tasks: int, each: int, chance: np.random.Generator, spread: float
) -> NDArray[np.float64]:
    """-1, 0 or 1 of each judgment; of a task they follow one chance, a normal one on the logit scale."""
    leaning = chance.normal(0.3, spread, size=(tasks, 1))
    ties = chance.random((tasks, each)) < 0.15
    wins = chance.random((tasks, each)) < 1 / (1 + np.exp(-leaning))
    return np.where(ties, 0.0, np.where(wins, 1.0, -1.0))


def scores(
    tasks: int, each: int, chance: np.random.Generator, spread: float
) -> NDArray[np.float64]:
    middle = chance.normal(3.2, spread, size=(tasks, 1))
    return np.clip(np.round(middle + chance.normal(0, 0.9, size=(tasks, each))), 1, 5)


def taken_of(answers: NDArray[np.float64], overlap: int, *, is_scale: bool) -> int:
    """What the platform would have asked for, judgment by judgment."""
    total = 0
    for row in answers:
        count = overlap
        while count < len(row):
            said = row[:count].tolist()
            if is_close(said) if is_scale else is_decided(said):
                break
            count += 1
        total += count
    return total


@pytest.mark.parametrize("is_scale", [False, True])
def test_the_forecast_holds_the_real_number_nine_times_in_ten(*, is_scale: bool) -> None:
    """By a crowd whose tasks differ in another way than the forecast supposes."""
    chance = np.random.default_rng(7)
    crowd, hits, tries = scores if is_scale else preferences, 0, 120
    for nth in range(tries):
        spread = 0.3 if nth % 2 else 1.5
        seen = crowd(120, 3, chance, spread)
        told = forecast_growth(
            [Question(seen.ravel(), is_scale)],
            np.repeat(np.arange(120), 3).tolist(),
            seen.ravel().tolist(),
            tasks=200,
            overlap=2,
            most=5,
            guess=0.3,
        )
        assert told is not None
        real = taken_of(crowd(200, 5, chance, spread), 2, is_scale=is_scale)
        hits += told.low <= real <= told.high
    assert hits / tries >= 0.87, hits / tries


def test_who_always_agrees_takes_no_more_and_who_never_does_all() -> None:
    alike = [Question(np.array([1.0, 1.0, 1.0, 1.0]), is_scale=False)]
    told = forecast_growth(
        alike, [1, 1, 2, 2], [1, 1, 1, 1], tasks=50, overlap=2, most=5, guess=0.3
    )
    assert told is not None
    assert (told.low, told.value) == (100, 100)
    assert told.high == pytest.approx(150)  # two tasks tell little: a third might take all five
    apart = [Question(np.arange(40.0), is_scale=False)]  # forty words, each another
    tasks = np.repeat(np.arange(20), 2).tolist()
    told = forecast_growth(
        apart, tasks, list(range(40)), tasks=50, overlap=2, most=5, correlation=0.0, guess=0.3
    )
    assert told is not None
    assert told.value > 225
    assert forecast_growth([], [], [], tasks=5, overlap=2, most=5, guess=0.3) is None
