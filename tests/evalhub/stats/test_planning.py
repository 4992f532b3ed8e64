from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.stats.planning import (
    forecast_time,
    intraclass,
    prompts_needed,
    smallest_difference,
    variance_of_preference,
)


def test_the_textbook_size() -> None:
    """55 % against 50 % at 5 % and 80 %: (1.960 + 0.842)² · 0.25 / 0.05² = 784.9."""
    assert prompts_needed(0.05, variance_of_preference(0), overlap=1, correlation=0) == 785
    assert prompts_needed(0.05, variance_of_preference(0.2), overlap=1, correlation=0) == 628


def test_judgments_that_say_the_same_are_worth_one() -> None:
    variance = variance_of_preference(0)
    alone = prompts_needed(0.05, variance, overlap=1, correlation=0)
    assert prompts_needed(0.05, variance, overlap=3, correlation=1) == alone
    assert prompts_needed(0.05, variance, overlap=3, correlation=0) == -(-alone // 3)


@pytest.mark.parametrize("overlap", [1, 3])
def test_the_power_is_what_it_says(overlap: int) -> None:
    """Simulated: prompts have their own win rates, so that judgments of one are alike."""
    chance = np.random.default_rng(2)
    true, ties, spread = 0.57, 0.2, 0.3

    def crowd(prompts: int) -> NDArray[np.float64]:
        """Scores of `overlap` judgments of each prompt."""
        rate = np.where(chance.random(prompts) < 0.5, true + spread, true - spread)
        wins = chance.random((prompts, overlap)) < rate[:, None]
        tied = chance.random((prompts, overlap)) < ties
        return np.where(tied, 0.5, wins.astype(float))

    seen = crowd(4000)
    prompts = np.repeat(np.arange(4000), overlap)
    correlation = intraclass(prompts.tolist(), seen.ravel().tolist()) or 0.0
    effect = abs(seen.mean() - 0.5)
    needed = prompts_needed(
        effect, variance_of_preference(ties), overlap=overlap, correlation=correlation
    )
    found, tries = 0, 800
    for _ in range(tries):
        means = crowd(needed).mean(axis=1)
        found += abs(means.mean() - 0.5) / (means.std(ddof=1) / np.sqrt(needed)) > 1.96
    assert 0.75 < found / tries < 0.87


def test_the_smallest_difference_is_the_way_back() -> None:
    needed = prompts_needed(0.04, 0.2, overlap=2, correlation=0.3)
    smallest = smallest_difference(needed, 0.2, overlap=2, correlation=0.3)
    assert smallest == pytest.approx(0.04, rel=0.01)
    assert smallest_difference(0, 0.2, overlap=2, correlation=0.3) is None


def test_the_intraclass_correlation_of_a_known_table() -> None:
    """Shrout and Fleiss' six targets and four judges: ICC(1, 1) = .17."""
    table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    prompts = [nth for nth, row in enumerate(table) for _ in row]
    found = intraclass(prompts, [value for row in table for value in row])
    assert found == pytest.approx(0.17, abs=0.005)
    assert intraclass([1, 2, 3], [1, 2, 3]) is None
    assert intraclass([1, 1, 2, 2], [1, 1, 1, 1]) is None


@pytest.mark.parametrize("people", [None, 6])
def test_the_forecast_holds_the_real_time_nine_times_in_ten(people: int | None) -> None:
    """Other people do the work than those it is told by; some do far more of it than others."""
    chance = np.random.default_rng(5)
    tries, hits, judgments = 1500, 0, 900

    def crowd(count: int, total: int, *, even: bool) -> list[NDArray[np.float64]]:
        shares = np.full(count, 1 / count) if even else chance.dirichlet(np.full(count, 4.0))
        speeds = 60_000 * np.exp(chance.normal(0, 0.35, count))
        sizes = np.maximum(1, np.round(shares * total)).astype(int)
        return [
            speed * np.exp(chance.normal(-0.125, 0.5, size))
            for speed, size in zip(speeds, sizes, strict=True)
        ]

    for _ in range(tries):
        history = crowd(12, 400, even=False)
        real = crowd(people or 12, judgments, even=people is not None)
        count = sum(len(each) for each in real)
        forecast = forecast_time(history, count, people=people)
        assert forecast is not None
        assert forecast.low is not None
        assert forecast.high is not None
        hits += forecast.low <= sum(each.sum() for each in real) <= forecast.high
    assert 0.87 < hits / tries < 0.95


def test_without_people_there_is_no_forecast_and_with_one_no_interval() -> None:
    assert forecast_time([], 10) is None
    one = forecast_time([np.array([1000.0, 3000.0])], 10)
    assert one is not None
    assert (one.value, one.low, one.high) == (20_000, None, None)
