"""The bet that a human trial is decided by: held to its promise by simulation, with fixed seeds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc, betaln

from evalhub.stats.betting import bounds_at_any_look, log_e_values, look

ALPHA = 0.05
LIMIT = -np.log(ALPHA)
TRIALS, VOTES = 10_000, 240
POWER_TRIALS = 2_000


def votes(win: float, tie: float, *, trials: int = TRIALS, seed: int = 5) -> np.ndarray:
    """1 for a win, 1/2 for a tie, 0 for a loss."""
    drawn = np.random.default_rng(seed).random((trials, VOTES))
    return np.where(drawn < tie, 0.5, np.where(drawn < tie + win, 1.0, 0.0))


def ever_above_half_by_z(values: np.ndarray) -> float:
    """The naive way: a one-sided z-test at 5 % after each vote from the tenth on."""
    n = np.arange(1, values.shape[1] + 1)
    mean = values.cumsum(axis=1) / n
    error = np.sqrt(np.maximum((values**2).cumsum(axis=1) / n - mean**2, 1e-12) / n)
    return float(((mean - 0.5) / error > 1.645)[:, 9:].any(axis=1).mean())


def promoted(values: np.ndarray) -> np.ndarray:
    """Of each trial, whether the e-value ever reached 1 / alpha."""
    reached: np.ndarray = log_e_values(values, against=0.5, side="higher") >= LIMIT
    return np.asarray(reached.any(axis=1))


@pytest.mark.parametrize(("win", "tie"), [(0.5, 0.0), (0.4, 0.2)])
def test_at_no_difference_promotions_stay_under_alpha_looked_at_after_every_vote(
    win: float, tie: float
) -> None:
    """10,000 trials of 240 votes; the naive test promotes three in ten of the same trials."""
    values = votes(win, tie)
    assert promoted(values).mean() < ALPHA
    assert ever_above_half_by_z(values) > 0.3


def test_several_votes_on_a_prompt_are_one_value() -> None:
    """Raters of a prompt agree more than chance. Taken as votes of their own they promote too often."""
    chance = np.random.default_rng(8)
    taste = chance.beta(0.3, 0.3, size=(TRIALS, VOTES // 3, 1))
    wins = (chance.random((TRIALS, VOTES // 3, 3)) < taste).astype(float)
    assert promoted(wins.mean(axis=2)).mean() < ALPHA
    assert promoted(wins.reshape(TRIALS, VOTES)).mean() > 2 * ALPHA


def test_power_and_what_is_saved() -> None:
    """Seven wins in ten are found in nearly all trials, half of them within 45 votes."""
    reached = log_e_values(
        votes(0.7, 0.0, trials=POWER_TRIALS), against=0.5, side="higher"
    ) >= LIMIT  # fmt: skip
    assert reached.any(axis=1).mean() > 0.99
    assert np.median(reached.argmax(axis=1) + 1) < 45


def test_no_difference_worth_having_is_told_before_the_votes_run_out() -> None:
    """At no difference, "surely less than 10 points" is reached by three trials in four."""
    values = votes(0.4, 0.2, trials=POWER_TRIALS)
    reached = log_e_values(values, against=0.6, side="lower") >= LIMIT
    assert reached.any(axis=1).mean() > 0.7


def test_the_bounds_hold_at_all_looks_together() -> None:
    values = votes(0.5, 0.2, trials=60)  # a mean of 0.6
    above = below = 0
    for row in values:
        looks = [bounds_at_any_look(row[:n], alpha=ALPHA) for n in range(10, VOTES + 1, 46)]
        above += any(low > 0.6 for low, _ in looks)
        below += any(high < 0.6 for _, high in looks)
    assert max(above, below) <= ALPHA * len(values)


@settings(max_examples=25)
@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=40))
def test_a_bound_passes_one_half_just_when_the_bet_decides(values: list[float]) -> None:
    found = look(np.array(values), alpha=ALPHA, margin=0.1)
    assert (found.better >= LIMIT) == (found.low > 0.5)
    assert (found.worse >= LIMIT) == (found.high < 0.5)
    assert (found.too_small >= LIMIT) == (found.high < 0.6)


def test_wins_and_losses_are_robbins_mixture() -> None:
    """7 wins, 2 losses: 2^9 times the mean of p^7 (1-p)^2 over p from 1/2 to 1, which is 2 B(8, 3)
    (1 - I_1/2(8, 3)); the grid of bets is within 1 % of it."""
    values = np.array([[1, 1, 0, 1, 1, 1, 0, 1, 1]], dtype=float)
    exact = 2**9 * 2 * np.exp(betaln(8, 3)) * (1 - betainc(8, 3, 0.5))
    found = np.exp(log_e_values(values, against=0.5, side="higher")[0, -1])
    assert found == pytest.approx(exact, rel=0.01)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=30), st.data())
def test_order_does_not_matter_and_ties_change_nothing(values: list[float], data: st.DataObject) -> None:  # fmt: skip
    mixed = data.draw(st.permutations([*values, 0.5, 0.5]))
    plain, other = (np.array([row]) for row in (values, mixed))
    first, second = (log_e_values(row, against=0.5, side="higher")[0, -1] for row in (plain, other))
    assert first == pytest.approx(second, abs=1e-9)


@given(st.floats(0.05, 0.95), st.floats(0, 1), st.floats(0, 1))
def test_the_next_bet_is_fair(mean: float, low: float, high: float) -> None:
    """Any two values whose mean is the one bet against leave the stake as it is, on average."""
    low, high = mean * low, mean + (1 - mean) * high
    share = (mean - low) / (high - low) if high > low else 0.5
    e = np.exp(log_e_values(np.array([[low], [high]]), against=mean, side="higher")[:, 0])
    assert (1 - share) * e[0] + share * e[1] == pytest.approx(1.0, abs=1e-9)


def test_what_is_called() -> None:
    won, lost = np.ones(10), np.zeros(10)
    assert look(won, alpha=ALPHA, margin=0.05).call == "better"
    assert look(lost, alpha=ALPHA, margin=0.05).call == "worse"
    assert look(np.full(200, 0.5), alpha=ALPHA, margin=0.1).call == "no_difference"
    assert look(won[:4], alpha=ALPHA, margin=0.05).call == "open"  # e = 32 / 5 = 6.2
    assert look(np.array([]), alpha=ALPHA, margin=0.05).mean is None
