"""The label model, against functions whose accuracy is known."""

from __future__ import annotations

import numpy as np
import pytest

from evalhub.stats.label_model import count_votes, label_model

# value, P(votes | its value is true), P(votes | another is)
SPAM = [(1, 0.5, 0.02), (1, 0.4, 0.1), (1, 0.3, 0.2), (0, 0.3, 0.05), (0, 0.2, 0.15)]
TOPICS = [(0, 0.5, 0.05), (0, 0.4, 0.1), (1, 0.5, 0.05), (1, 0.4, 0.02), (2, 0.5, 0.05)]


def simulated(functions, priors, *, units=3000, seed=0):
    chance = np.random.default_rng(seed)
    truth_U = chance.choice(len(priors), units, p=priors)
    columns = [
        chance.random(units) < np.where(truth_U == value, own, elsewhere)
        for value, own, elsewhere in functions
    ]
    return np.stack(columns, axis=1), [value for value, *_ in functions], truth_U


@pytest.mark.parametrize(("functions", "priors"), [(SPAM, [0.7, 0.3]), (TOPICS, [0.5, 0.3, 0.2])])
def test_accuracies_and_truth_come_out_of_the_votes_alone(functions, priors):
    votes_UJ, values, truth_U = simulated(functions, priors)

    found = label_model(votes_UJ, values, values=len(priors))

    right = [(truth_U[votes_UJ[:, nth]] == value).mean() for nth, value in enumerate(values)]
    assert found.accuracy_J == pytest.approx(right, abs=0.12)
    assert found.priors_V == pytest.approx(priors, abs=0.06)
    covered_U = votes_UJ.any(axis=1)
    majority_U = (votes_UJ.astype(int) @ np.eye(len(priors), dtype=int)[values]).argmax(axis=1)
    by_model = (found.truth_UV.argmax(axis=1) == truth_U)[covered_U].mean()
    by_majority = (majority_U == truth_U)[covered_U].mean()
    assert by_model > by_majority


def test_a_probability_is_how_often_it_is_right():
    votes_UJ, values, truth_U = simulated(SPAM, [0.7, 0.3], units=20_000)
    chance_U = label_model(votes_UJ, values, values=2).truth_UV[:, 1]
    for low in (0.1, 0.5, 0.8):
        within_U = (chance_U >= low) & (chance_U < low + 0.2)
        assert truth_U[within_U].mean() == pytest.approx(chance_U[within_U].mean(), abs=0.08)


def test_functions_for_one_value_are_told_apart():
    """All vote spam: their votes alone would make each of them right always."""
    functions = [(1, 0.6, 0.02), (1, 0.5, 0.05), (1, 0.4, 0.2)]
    votes_UJ, values, _truth = simulated(functions, [0.7, 0.3], units=10_000)
    good, fair, poor = label_model(votes_UJ, values, values=2).accuracy_J
    assert good > fair > poor
    assert poor < 0.6


def test_one_function_alone_is_believed_as_beforehand():
    votes_UJ = np.array([[True], [False]] * 50)
    found = label_model(votes_UJ, [1], values=2)
    assert found.accuracy_J[0] == pytest.approx(0.7, abs=0.05)


def test_a_function_that_never_votes_has_no_accuracy():
    votes_UJ = np.array([[True, False]] * 4)
    found = label_model(votes_UJ, [1, 0], values=2)
    assert np.isnan(found.accuracy_J[1])
    assert not np.isnan(found.truth_UV).any()


@pytest.mark.parametrize("shape", [(0, 2), (3, 0)])
def test_without_units_or_functions_nothing_is_known(shape):
    found = label_model(np.zeros(shape, dtype=bool), [0, 1][: shape[1]], values=2)
    assert found.truth_UV.shape == (shape[0], 2)
    assert found.truth_UV == pytest.approx(0.5)


def test_overlaps_and_conflicts_are_counted():
    """Three units: both vote differently; the first alone; the first and the third agree."""
    votes_UJ = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0]], dtype=bool)
    counts = count_votes(votes_UJ, [1, 0, 1], values=2)
    assert counts.votes_J.tolist() == [3, 1, 1]
    assert counts.overlaps_J.tolist() == [2, 1, 1]
    assert counts.conflicts_J.tolist() == [1, 1, 0]
    assert counts.covered == 3
