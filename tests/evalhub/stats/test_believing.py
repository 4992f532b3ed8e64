"""What is believed after judgments, worked out by hand or by other ways to the same."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from evalhub.stats.believing import (
    MULTIPLES,
    NOISES,
    UNHEARD_NOISE,
    believe,
    believe_rated,
    weight_of_pair,
)


def test_judgments_are_believed_as_a_logistic_regression_does() -> None:
    """Three wins and one loss, ties as half: log 3 without a prior."""
    seen, said = np.ones((4, 1)), np.array([1.0, 1.0, 1.0, 0.0])
    flat = np.array([1e-9])
    assert believe(seen, said, precision_K=flat).mean_K[0] == pytest.approx(np.log(3))
    assert believe(seen, np.full(4, 0.5), precision_K=flat).mean_K[0] == pytest.approx(0.0)
    before = believe(np.zeros((0, 2)), np.zeros(0), precision_K=np.array([4.0, 1.0]))
    assert np.diag(before.spread_KK).tolist() == [0.25, 1.0]


def test_a_weight_counts_as_so_many_judgments() -> None:
    """Three wins of weight one are one of weight three."""
    flat = np.array([1e-9])
    heavy = believe(
        np.ones((2, 1)), np.array([1.0, 0.0]), precision_K=flat, weight_J=np.array([3.0, 1.0])
    )
    apart = believe(np.ones((4, 1)), np.array([1.0, 1.0, 1.0, 0.0]), precision_K=flat)
    assert heavy.mean_K == pytest.approx(apart.mean_K)
    assert heavy.spread_KK == pytest.approx(apart.spread_KK)


@pytest.mark.parametrize("answers", [2, 3, 4])
def test_a_rankings_pairs_weigh_together_what_plackett_and_luce_tell(answers: int) -> None:
    """Fisher's information about two strengths' difference, summed over all orders that can come; that of a
    comparison of equals is 1/4 for each of two."""
    told = np.zeros((answers, answers))
    orders = list(permutations(range(answers)))
    for order in orders:
        score = np.zeros(answers)
        for stage in range(answers - 1):
            score[order[stage]] += 1
            score[list(order[stage:])] -= 1 / (answers - stage)
        told += np.outer(score, score) / len(orders)
    assert -told[0, 1] == pytest.approx(weight_of_pair(answers) / 4)


def test_ratings_are_believed_as_their_normal_says() -> None:
    """With the multiple and the noise that were chosen, the mean is that of conditioning a normal, and no other
    choice makes the ratings likelier."""
    chance = np.random.default_rng(3)
    seen = np.column_stack([chance.normal(size=60), np.ones(60)])
    rated = seen @ np.array([0.8, -0.5]) + chance.normal(0, 0.7, 60)
    prior = np.array([2.0, 0.25])
    found = believe_rated(seen, rated, precision_K=prior)
    assert found.noise == 0.5

    def told(multiple: float, noise: float) -> tuple[float, np.ndarray]:
        spread = np.diag(1 / (prior * multiple))
        whole = seen @ spread @ seen.T + noise * np.eye(60)
        pull = np.linalg.solve(whole, rated)
        likely = -(rated @ pull + np.linalg.slogdet(2 * np.pi * whole)[1]) / 2
        return float(likely), spread @ seen.T @ pull

    every = [(*told(multiple, noise), noise) for multiple in MULTIPLES for noise in NOISES]
    _likely, mean, noise = max(every, key=lambda each: each[0])
    assert (noise, found.mean_K) == (0.5, pytest.approx(mean))


def test_before_anybody_rated_the_prior_stands() -> None:
    before = believe_rated(np.zeros((0, 2)), np.zeros(0), precision_K=np.array([4.0, 1.0]))
    assert np.diag(before.spread_KK).tolist() == [0.25, 1.0]
    assert before.noise == UNHEARD_NOISE
