"""What a trial of so many prompts can show. Shapes: W numbers of wins, P bets."""

from __future__ import annotations

import numpy as np

from evalhub.stats.betting import bets, log_mean

POWER = 0.80


def chance_to_show(win: float, *, prompts: int, alpha: float) -> float:
    """How likely the e-value of `stats.betting` reaches 1 / alpha within so many wins and losses.

    Exact: walks through all numbers of wins after each prompt, dropping those that have reached it.

    Returns:
        0.65 wins and 240 prompts at alpha 0.05 give 0.97.
    """
    return _chance(win, _least_wins(prompts, alpha))


def smallest_shown(*, prompts: int, alpha: float) -> float | None:
    """The least win probability beyond one half that is shown in four of five trials (80 % power).

    Without ties; each tie is a prompt less. Returns None where not even certain wins are enough.
    """
    least_W = _least_wins(prompts, alpha)
    if _chance(1.0, least_W) < POWER:
        return None
    low, high = 0.5, 1.0
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (low, middle) if _chance(middle, least_W) >= POWER else (middle, high)
    return high - 0.5


def _chance(win: float, least: list[int]) -> float:
    open_W = np.array([1.0])  # by how many were won, trials that have not been decided
    shown = 0.0
    for bound in least:
        after_W = np.zeros(len(open_W) + 1)
        after_W[:-1] += open_W * (1 - win)
        after_W[1:] += open_W * win
        shown += float(after_W[bound:].sum())
        after_W[bound:] = 0.0
        open_W = after_W
    return shown


def _least_wins(prompts: int, alpha: float) -> list[int]:
    """After each prompt, how many wins reach 1 / alpha against one half."""
    p_P = bets(0.5, "higher")
    won_P, lost_P = np.log(2 * p_P), np.log(2 * (1 - p_P))
    limit, found, wins = -np.log(alpha), [], 0
    for n in range(1, prompts + 1):
        while wins <= n and log_mean((wins * won_P + (n - wins) * lost_P)[None])[0] < limit:
            wins += 1
        found.append(wins)
        wins = max(0, wins - 1)  # one more prompt never asks for fewer wins than that
    return found
