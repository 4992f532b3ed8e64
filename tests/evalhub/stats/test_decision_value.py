"""What a judgment is worth, held against drawing what it would say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from evalhub.stats.believing import Belief, Floats, believe
from evalhub.stats.decision_value import (
    Looks,
    chance_wrong,
    in_order,
    one_each,
    one_of_each,
    value_of,
)

ONE = np.ones(1)


@pytest.fixture
def chance() -> np.random.Generator:
    """Each test's own: what one drew before does not change what the next one draws."""
    return np.random.default_rng(5)


def belief_of(mean: list[float], spread: list[list[float]]) -> Belief:
    return Belief(np.array(mean), np.array(spread))


def drawn_value(
    candidate_K: Floats, decision_K: Floats, belief: Belief, chance: np.random.Generator
) -> float:
    """The same by drawing weights, and what somebody with normal noise says; the noise is of the
    variance that a logistic answer amounts to, 1 / (p (1 - p))."""
    weights = chance.multivariate_normal(belief.mean_K, belief.spread_KK, size=400_000)
    spread = candidate_K @ belief.spread_KK @ candidate_K
    mean = candidate_K @ belief.mean_K
    share = expit(mean / np.sqrt(1 + np.pi / 8 * spread))
    noise = 1 / (share * (1 - share))
    said = weights @ candidate_K + chance.normal(0, np.sqrt(noise), len(weights))
    pull = decision_K @ belief.spread_KK @ candidate_K / (spread + noise)
    after = decision_K @ belief.mean_K + pull * (said - mean)
    truth = weights @ decision_K
    now = (truth * (decision_K @ belief.mean_K) < 0).mean()
    return float(now - ((truth * after) < 0).mean())


@pytest.mark.parametrize("mean", [0.3, 1.0])
@pytest.mark.parametrize("candidate", [(1.0, 0.0), (3.0, 1.0), (0.5, -2.0)])
def test_the_value_is_what_drawing_gives(
    mean: float, candidate: tuple[float, float], chance: np.random.Generator
) -> None:
    belief = belief_of([mean, -0.2], [[1.0, 0.4], [0.4, 2.0]])
    decision = np.array([1.0, 0.2])
    worth = value_of(one_each(np.array([candidate])), decision[None], ONE, belief)[0]
    drawn = drawn_value(np.array(candidate), decision, belief, chance)
    assert worth == pytest.approx(drawn, abs=0.003)


def test_what_is_settled_is_worth_nothing_and_what_is_even_is_worth_most() -> None:
    belief = belief_of([4.0, 0.0], [[0.25, 0.0], [0.0, 0.25]])
    settled, even = np.eye(2)
    worth = value_of(one_each(np.eye(2)), np.stack([settled, even]), np.ones(2), belief)
    assert worth[0] < 1e-6
    assert worth[1] == pytest.approx(0.5 - np.arccos(np.sqrt(0.0625 / 1.0625)) / np.pi, abs=2e-3)
    assert chance_wrong(np.stack([settled, even]), belief) == pytest.approx([0.0, 0.5], abs=1e-6)


def test_two_answers_that_are_alike_tell_nothing() -> None:
    belief = belief_of([0.0], [[1.0]])
    nothing = np.zeros((1, 1))
    assert value_of(one_each(nothing), np.ones((1, 1)), ONE, belief)[0] == pytest.approx(
        0.0, abs=1e-5
    )
    assert value_of(one_each(np.ones((1, 1))), nothing, ONE, belief)[0] == 0.0
    assert chance_wrong(nothing, belief)[0] == 0.0


def test_what_would_tell_the_same_waits() -> None:
    """Two candidates about the first decision, one about the second, which is a little less open."""
    belief = belief_of([0.0, 0.1], [[1.0, 0.0], [0.0, 1.0]])
    candidates = one_each(np.array([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0]]))
    order, worth = in_order(candidates, np.eye(2), np.ones(2), belief, most=3)
    assert order.tolist() == [0, 2, 1]
    assert worth[0] > worth[1] > worth[2]


def test_beyond_the_most_they_come_by_what_they_were_worth(chance: np.random.Generator) -> None:
    candidates = one_each(chance.normal(size=(300, 3)))
    belief = belief_of([0.2, 0.0, -0.1], np.eye(3).tolist())
    decisions = chance.normal(size=(40, 3))
    order, worth = in_order(candidates, decisions, np.full(40, 1 / 40), belief, most=20)
    assert sorted(order.tolist()) == list(range(300))
    assert (np.diff(worth[20:]) <= 0).all()
    assert worth[20:] == pytest.approx(
        value_of(candidates.of(order[20:]), decisions, np.full(40, 1 / 40), belief)
    )


def test_looking_again_only_at_the_best_finds_what_looking_at_all_does(
    chance: np.random.Generator,
) -> None:
    candidates, decisions = one_each(chance.normal(size=(200, 4))), chance.normal(size=(30, 4))
    weight, belief = np.full(30, 1 / 30), believe(np.zeros((0, 4)), np.zeros(0), precision_K=np.ones(4))  # fmt: skip
    order, _ = in_order(candidates, decisions, weight, belief, most=1)
    worth = value_of(candidates, decisions, weight, belief)
    assert order[0] == worth.argmax()


def drawn_worth(
    look: Looks, decision_K: Floats, belief: Belief, noise: float, chance: np.random.Generator
) -> float:
    """The same by drawing the truth and what is said of each score of one candidate, each told apart
    with a normal noise, and by conditioning on all of it at once."""
    rows_RK = look.rows_CRK[0]
    weights = chance.multivariate_normal(belief.mean_K, belief.spread_KK, size=400_000)
    noise_RR = np.diag(noise / look.weight_CR[0])
    told_RR = rows_RK @ belief.spread_KK @ rows_RK.T + noise_RR
    said = weights @ rows_RK.T + chance.multivariate_normal(
        np.zeros(len(rows_RK)), noise_RR, size=len(weights)
    )
    gain_R = np.linalg.solve(told_RR, rows_RK @ belief.spread_KK @ decision_K)
    after = decision_K @ belief.mean_K + (said - rows_RK @ belief.mean_K) @ gain_R
    truth = weights @ decision_K
    now = (truth * (1 if decision_K @ belief.mean_K >= 0 else -1) < 0).mean()
    return float(now - ((truth * after) < 0).mean())


@pytest.mark.parametrize("rating", [(1.0, 0.3), (0.0, 2.0)])
def test_a_ratings_value_is_what_drawing_gives(
    rating: tuple[float, float], chance: np.random.Generator
) -> None:
    """Of points, with a noise of 0.6; the decision is whether another answer reaches the threshold."""
    belief = Belief(np.array([0.4, -0.3]), np.array([[0.8, 0.3], [0.3, 1.2]]), noise=0.6)
    decision, look = np.array([1.0, 0.5]), one_each(np.array([rating]))
    worth = value_of(look, decision[None], ONE, belief)[0]
    assert worth == pytest.approx(drawn_worth(look, decision, belief, 0.6, chance), abs=0.003)


def test_a_rankings_value_is_what_drawing_its_pairs_gives(chance: np.random.Generator) -> None:
    """Three pairs of three answers, which are believed even, so each has the noise 1 / 0.25 over its weight."""
    spread = np.array([[1.0, 0.4], [0.4, 2.0]])
    one, other, third = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0]])
    rows = np.stack([one - other, one - third, other - third])[None]
    look, belief = Looks(rows, np.full((1, 3), 0.8)), Belief(np.zeros(2), spread)
    decision = np.array([1.0, -0.2])
    worth = value_of(look, decision[None], ONE, belief)[0]
    assert worth == pytest.approx(drawn_worth(look, decision, belief, 4.0, chance), abs=0.003)


def test_a_look_that_is_filled_up_tells_what_it_tells_alone() -> None:
    belief = belief_of([0.2, 0.0], [[1.0, 0.4], [0.4, 2.0]])
    alone = np.array([[1.0, 2.0]])
    filled = Looks(np.array([[[1.0, 2.0], [3.0, 1.0]]]), np.array([[1.0, 0.0]]))
    decisions = np.array([[1.0, 0.0], [0.5, 1.0]])
    assert value_of(filled, decisions, np.ones(2), belief) == pytest.approx(
        value_of(one_each(alone), decisions, np.ones(2), belief)
    )


def test_of_a_group_one_alone_is_had() -> None:
    """The second of the first group would be worth more than the second group's, and is not asked."""
    belief = belief_of([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]])
    candidates = one_each(np.array([[2.0, 0.0], [0.0, 1.9], [0.0, 1.0]]))
    group = np.array([7, 7, 9])
    found = one_of_each(candidates, np.eye(2), np.ones(2), belief, group_C=group, most=3)
    assert found.tolist() == [0, 2]
    ungrouped = one_of_each(candidates, np.eye(2), np.ones(2), belief, group_C=np.arange(3), most=2)
    assert ungrouped.tolist() == [0, 1]
