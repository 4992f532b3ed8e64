"""What a limit to a rating's weight costs: `python -m tests.bench.experiment_rating_weight`.

Ratings are made of known truths, fitted, and averaged by (noise / spread)² up to the limit; what is printed is how
far the means lie from the truths (root of the mean square), each a mean of twelve draws, and the greatest weight.
"""

from __future__ import annotations

import numpy as np

from evalhub.stats.reliability.ratings import severity_and_spread

LIMITS = (1.0, 2.0, 4.0, 8.0, float("inf"))
DRAWS = 12
# spreads of the people, width of the truths, highest rating
SCENES = {
    "six alike, 1 to 5": ([0.7] * 6, 1.0, 5),
    "one of 0.2, five of 1": ([0.2] + [1.0] * 5, 1.0, 5),
    "three of 0.3, one by lot": ([0.3] * 3 + [2.0], 1.0, 5),
    "0 to 100, one of 2, five of 15": ([2.0] + [15.0] * 5, 15.0, 100),
}


def main() -> None:
    for name, (spreads, width, high) in SCENES.items():
        for overlap, each in ((2, 20), (3, 20), (3, 200)):
            print(f"{name}; overlap {overlap}, {each} answers each: {told(spreads, width, high, overlap, each)}")  # fmt: skip


def told(spreads: list[float], width: float, high: int, overlap: int, each: int) -> str:
    chance, A = np.random.default_rng(0), len(spreads)
    errors: dict[float, list[float]] = {limit: [] for limit in LIMITS}
    greatest = 0.0
    for _ in range(DRAWS):
        U = each * A // overlap
        truth_U = chance.normal(3 * high / 5, width, U)
        unit_R = np.repeat(np.arange(U), overlap)
        rater_R = np.concatenate([chance.choice(A, overlap, replace=False) for _ in range(U)])
        noise_R = chance.normal(0, np.array(spreads)[rater_R])
        value_R = np.clip(np.round(truth_U[unit_R] + noise_R), 1, high)
        fit = severity_and_spread(unit_R, rater_R, value_R, units=U, raters=A)
        weight_A = (fit.noise / fit.spread_A) ** 2
        greatest = max(greatest, float(weight_A.max()))
        for limit, found in errors.items():
            weight_R = np.minimum(weight_A, limit)[rater_R]
            above_U = np.bincount(unit_R, weight_R * (value_R - fit.severity_A[rater_R]), U)
            mean_U = above_U / np.bincount(unit_R, weight_R, U)
            found.append(float(np.sqrt(np.mean((mean_U - truth_U) ** 2))))
    means = ", ".join(f"{limit:g}: {np.mean(found):.3f}" for limit, found in errors.items())
    return f"{means}; greatest weight {greatest:.1f}"


if __name__ == "__main__":
    main()
