"""How a blind trial decides, simulated: `python -m tests.bench.experiment_trial`. Some seconds.

10,000 trials of 240 prompts for each true win rate, a fifth of the votes ties; looked at after every
vote, as the product does; beside a z-test that is looked at as often.
"""

from __future__ import annotations

import numpy as np

from evalhub.stats.betting import Floats, log_e_values

TRIALS, PROMPTS, ALPHA, MARGIN, TIES = 10_000, 240, 0.05, 0.15, 0.2
LIMIT = -np.log(ALPHA)


def main() -> None:
    print(
        "| true win rate | promoted | no gain worth having | undecided | votes, median | z-test |"
    )
    print("|---|---|---|---|---|---|")
    for rate in (0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70, 0.80):
        votes_TV = drawn(rate)
        better_T = first(log_e_values(votes_TV, against=0.5, side="higher"))
        small_T = first(log_e_values(votes_TV, against=0.5 + MARGIN, side="lower"))
        ended_T = np.minimum(np.minimum(better_T, small_T), PROMPTS)
        promoted = (better_T <= PROMPTS) & (better_T <= small_T)
        refused = (small_T <= PROMPTS) & ~promoted
        print(
            f"| {rate:.0%} | {promoted.mean():.1%} | {refused.mean():.1%} | "
            f"{abs(1 - promoted.mean() - refused.mean()):.1%} | {np.median(ended_T):.0f} | "
            f"{naive(votes_TV):.1%} |"
        )


def drawn(rate: float) -> Floats:
    lot_TV = np.random.default_rng(11).random((TRIALS, PROMPTS))
    wins = rate - TIES / 2
    return np.where(lot_TV < TIES, 0.5, np.where(lot_TV < TIES + wins, 1.0, 0.0))


def first(log_e_TV: Floats) -> Floats:
    """After how many votes the e-value first decides; one more than there are where it never does."""
    reached_TV = log_e_TV >= LIMIT
    return np.where(reached_TV.any(axis=1), reached_TV.argmax(axis=1) + 1.0, PROMPTS + 1.0)


def naive(votes_TV: Floats) -> float:
    """The share that a one-sided z-test at 5 %, asked after each vote from the tenth on, promotes."""
    n_V = np.arange(1, PROMPTS + 1)
    mean_TV = votes_TV.cumsum(axis=1) / n_V
    spread_TV = np.maximum((votes_TV**2).cumsum(axis=1) / n_V - mean_TV**2, 1e-12)
    z_TV = (mean_TV - 0.5) / np.sqrt(spread_TV / n_V)
    return float((z_TV[:, 9:] > 1.645).any(axis=1).mean())


if __name__ == "__main__":
    main()
