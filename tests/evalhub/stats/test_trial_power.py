"""What a trial can show, held against the bet itself."""

from __future__ import annotations

import numpy as np
import pytest

from evalhub.stats.betting import log_e_values
from evalhub.stats.trial_power import chance_to_show, smallest_shown


def test_the_chance_is_that_of_simulated_trials() -> None:
    wins = (np.random.default_rng(2).random((4_000, 100)) < 0.65).astype(float)
    reached = (log_e_values(wins, against=0.5, side="higher") >= np.log(20)).any(axis=1).mean()
    assert chance_to_show(0.65, prompts=100, alpha=0.05) == pytest.approx(reached, abs=0.02)


def test_at_no_difference_it_is_below_alpha() -> None:
    assert 0.02 < chance_to_show(0.5, prompts=400, alpha=0.05) < 0.05


def test_more_prompts_show_smaller_differences() -> None:
    few, many = (smallest_shown(prompts=n, alpha=0.05) for n in (30, 240))
    assert few == pytest.approx(0.29, abs=0.01)
    assert many == pytest.approx(0.116, abs=0.003)


def test_six_prompts_can_show_nothing() -> None:
    """Six wins in six: 2^6 2 (1 - 2^-7) / 7 = 18.1, below 20; seven give 31.9."""
    assert smallest_shown(prompts=6, alpha=0.05) is None
    assert chance_to_show(1.0, prompts=7, alpha=0.05) == pytest.approx(1.0)
