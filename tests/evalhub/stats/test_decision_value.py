"""What a judgment is worth, held against drawing what it would say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from evalhub.stats.decision_value import Belief, Floats, believe, chance_wrong, in_order, value_of

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
    worth = value_of(np.array([candidate]), decision[None], ONE, belief)[0]
    drawn = drawn_value(np.array(candidate), decision, belief, chance)
    assert worth == pytest.approx(drawn, abs=0.003)


def test_what_is_settled_is_worth_nothing_and_what_is_even_is_worth_most() -> None:
    belief = belief_of([4.0, 0.0], [[0.25, 0.0], [0.0, 0.25]])
    settled, even = np.eye(2)
    worth = value_of(np.eye(2), np.stack([settled, even]), np.ones(2), belief)
    assert worth[0] < 1e-6
    assert worth[1] == pytest.approx(0.5 - np.arccos(np.sqrt(0.0625 / 1.0625)) / np.pi, abs=2e-3)
    assert chance_wrong(np.stack([settled, even]), belief) == pytest.approx([0.0, 0.5], abs=1e-6)


def test_two_answers_that_are_alike_tell_nothing() -> None:
    belief = belief_of([0.0], [[1.0]])
    nothing = np.zeros((1, 1))
    assert value_of(nothing, np.ones((1, 1)), ONE, belief)[0] == pytest.approx(0.0, abs=1e-5)
    assert value_of(np.ones((1, 1)), nothing, ONE, belief)[0] == 0.0
    assert chance_wrong(nothing, belief)[0] == 0.0


def test_what_would_tell_the_same_waits() -> None:
    """Two candidates about the first decision, one about the second, which is a little less open."""
    belief = belief_of([0.0, 0.1], [[1.0, 0.0], [0.0, 1.0]])
    candidates = np.array([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    order, worth = in_order(candidates, np.eye(2), np.ones(2), belief, most=3)
    assert order.tolist() == [0, 2, 1]
    assert worth[0] > worth[1] > worth[2]


def test_beyond_the_most_they_come_by_what_they_were_worth(chance: np.random.Generator) -> None:
    candidates = chance.normal(size=(300, 3))
    belief = belief_of([0.2, 0.0, -0.1], np.eye(3).tolist())
    decisions = chance.normal(size=(40, 3))
    order, worth = in_order(candidates, decisions, np.full(40, 1 / 40), belief, most=20)
    assert sorted(order.tolist()) == list(range(300))
    assert (np.diff(worth[20:]) <= 0).all()
    assert worth[20:] == pytest.approx(
        value_of(candidates[order[20:]], decisions, np.full(40, 1 / 40), belief)
    )


def test_looking_again_only_at_the_best_finds_what_looking_at_all_does(
    chance: np.random.Generator,
) -> None:
    candidates, decisions = chance.normal(size=(200, 4)), chance.normal(size=(30, 4))
    weight, belief = np.full(30, 1 / 30), believe(np.zeros((0, 4)), np.zeros(0), precision_K=np.ones(4))  # fmt: skip
    order, _ = in_order(candidates, decisions, weight, belief, most=1)
    worth = value_of(candidates, decisions, weight, belief)
    assert order[0] == worth.argmax()


def test_judgments_are_believed_as_a_logistic_regression_does() -> None:
    """Three wins and one loss, ties as half: log 3 without a prior."""
    seen, said = np.ones((4, 1)), np.array([1.0, 1.0, 1.0, 0.0])
    flat = np.array([1e-9])
    assert believe(seen, said, precision_K=flat).mean_K[0] == pytest.approx(np.log(3))
    assert believe(seen, np.full(4, 0.5), precision_K=flat).mean_K[0] == pytest.approx(0.0)
    before = believe(np.zeros((0, 2)), np.zeros(0), precision_K=np.array([4.0, 1.0]))
    assert np.diag(before.spread_KK).tolist() == [0.25, 1.0]
