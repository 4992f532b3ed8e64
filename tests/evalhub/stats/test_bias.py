"""Length and place: against statsmodels, and where they were planted."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from evalhub.stats import bias
from evalhub.stats.bias import Effects, correlation, correlation_of, pair_effects, within_sums
from evalhub.stats.intervals import estimate_of_sums
from evalhub.stats.slices import shares, table_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Campaign:
    """`each` comparisons of four models on each prompt, by people who lean to the longer and to the first.

    A prompt's two answers differ by more than their models do, so judgments of one prompt hang together;
    people lean to the first each in their own degree.
    """

    def __init__(self, seed: int, *, prompts: int, each: int = 4, people: int = 40) -> None:
        chance = np.random.default_rng(seed)
        one = chance.integers(0, 4, prompts)
        two = (one + chance.integers(1, 4, prompts)) % 4
        longer = chance.normal(0, 0.6, prompts)
        better = chance.normal(0, 0.7, prompts)
        leaning = chance.normal(0.4, 0.3, people)
        self.prompt = np.repeat(np.arange(prompts), each)
        rows = len(self.prompt)
        self.person = chance.integers(0, people, rows)
        self.place = chance.choice([-1, 1], rows)
        self.first, self.second = one[self.prompt], two[self.prompt]
        self.longer = longer[self.prompt]
        logit = 0.4 * (self.first - self.second) + 0.5 * self.longer + better[self.prompt]
        logit = logit + leaning[self.person] * self.place
        self.won = (chance.random(rows) < 1 / (1 + np.exp(-logit))).astype(float)
        self.won[chance.random(rows) < 0.1] = 0.5

    @property
    def causes(self) -> Floats:
        return np.column_stack([self.longer, self.place]).astype(float)

    def effects(self, group: Ints, *, prior: float = 0.01) -> Effects:
        return pair_effects(
            self.first, self.second, self.won, self.causes, group, models=4, prior=prior
        )


def first_wins(seen: Campaign, people: int) -> tuple[Floats, Floats, Floats]:
    won = np.where(seen.place > 0, seen.won, 1 - seen.won)
    cell = np.zeros(len(won), dtype=np.int64)
    shape = (people, 1)
    found = shares(
        table_of(seen.person, cell, won, shape=shape),
        table_of(seen.person, cell, None, shape=shape),
    )
    return found.value_C, found.low_C, found.high_C


def test_coefficients_and_errors_are_those_of_statsmodels() -> None:
    """The errors are those of fits without each prompt, which one step of Newton's comes near."""
    seen = Campaign(1, prompts=200)
    found = seen.effects(seen.prompt, prior=1e-9)
    rows = np.arange(len(seen.won))
    design = np.zeros((len(rows), 5))  # model 0 is what the others are measured by
    for column, sign in ((seen.first, 1), (seen.second, -1)):
        others = column > 0
        design[rows[others], column[others] - 1] += sign
    design[:, 3:] = seen.causes

    def fitted(rows: NDArray[np.bool_]) -> Floats:
        model = sm.GLM(seen.won[rows], design[rows], family=sm.families.Binomial())
        return np.asarray(model.fit().params)

    everything = fitted(np.ones(len(rows), dtype=bool))
    assert found.effect_K == pytest.approx(everything[3:], abs=1e-5)
    strength = found.strength_M - found.strength_M[0]
    assert strength[1:] == pytest.approx(everything[:3], abs=1e-5)
    moved = np.array([fitted(seen.prompt != each) for each in range(200)]) - everything
    half = (found.high_K - found.low_K) / 2
    error = np.sqrt(199 / 200 * (moved**2).sum(axis=0))
    assert half / error[3:] == pytest.approx(1.972, rel=0.01)  # Student's t at 199
    centred = np.array([[-1, -1, -1], [3, -1, -1], [-1, 3, -1], [-1, -1, 3]]) / 4
    error = np.sqrt(199 / 200 * ((moved[:, :3] @ centred.T) ** 2).sum(axis=0))
    assert (found.strength_high_M - found.strength_M) / error == pytest.approx(1.972, rel=0.01)


def test_parts_of_the_groups_give_the_same_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Campaign(4, prompts=50)
    whole = seen.effects(seen.prompt)
    monkeypatch.setattr(bias, "_CELLS", 7 * 36)  # seven prompts at once
    assert seen.effects(seen.prompt).low_K == pytest.approx(whole.low_K)


def test_a_model_of_one_prompt_alone_is_not_sure() -> None:
    """The sandwich's error of it was next to nothing: what it rests on cannot be seen to vary."""
    first, second = np.array([0, 0, 0, 0, 2, 2]), np.array([1, 1, 1, 1, 0, 0])
    won, prompt = np.array([1, 0, 1, 0.5, 1, 1.0]), np.array([0, 1, 2, 3, 4, 4])
    found = pair_effects(first, second, won, np.zeros((6, 0)), prompt, models=3)
    assert found.strength_low_M[2] < 0 < found.strength_M[2]


@pytest.mark.parametrize("prompts", [40, 120])
def test_planted_length_and_place_are_covered_95_times_in_100(prompts: int) -> None:
    whole = Campaign(0, prompts=60_000, people=60_000)
    truth_K = whole.effects(whole.prompt).effect_K
    truth = np.where(whole.place > 0, whole.won, 1 - whole.won).mean()
    tries = 1500
    length, place, leaning = np.zeros(tries), np.zeros(tries), np.zeros(tries)
    for seed in range(tries):
        seen = Campaign(seed + 1, prompts=prompts)
        found = seen.effects(seen.prompt)
        length[seed] = found.low_K[0] <= truth_K[0] <= found.high_K[0]
        found = seen.effects(seen.person)
        leaning[seed] = found.low_K[1] <= truth_K[1] <= found.high_K[1]
        _, low, high = first_wins(seen, 40)
        place[seed] = low[0] <= truth <= high[0]
    assert truth_K[0] > 0.3
    assert truth > 0.55
    for covered in (length, place, leaning):
        assert 0.94 <= covered.mean() <= 0.965


def test_one_group_has_no_error_and_a_model_alone_no_strength() -> None:
    nobody = np.zeros(4, dtype=np.int64)
    found = pair_effects(
        nobody, nobody, np.array([1, 1, 1, 0.0]), np.ones((4, 1)), nobody, models=1, prior=1e-9
    )
    assert found.strength_M.tolist() == [0]
    assert found.effect_K[0] == pytest.approx(np.log(3), abs=1e-4)
    assert np.isnan(found.low_K[0])


def test_correlation_within_prompts() -> None:
    """Between the prompts longer is worse, within each it is better by the same step: 1."""
    unit = np.array([0, 0, 1, 1])
    x, y = np.array([1.0, 2, 5, 6]), np.array([4.0, 5, 1, 2])
    sums = within_sums(unit, x, y, np.arange(2))
    assert estimate_of_sums(sums, correlation, n=4).value == pytest.approx(1)
    assert np.isnan(correlation(within_sums(unit, x, np.ones(4), np.arange(2)))[0])


def test_the_interval_of_a_correlation_holds_it() -> None:
    """40 prompts of four answers: by length 0.3 within a prompt, where prompts differ in how far lengths do."""
    covered = []
    for seed in range(400):
        chance = np.random.default_rng(seed)
        unit = np.repeat(np.arange(40), 4)
        x = chance.normal(size=160) * np.exp(chance.normal(0, 0.4, 40))[unit]
        x -= (np.bincount(unit, x) / 4)[unit]
        y = 0.3 * x + np.sqrt(1 - 0.3**2) * chance.normal(size=160) + chance.normal(size=40)[unit]
        found = correlation_of(within_sums(unit, x, y, np.arange(40)), n=160)
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        assert -1 < found.low < found.value < found.high < 1
        truth = 0.3 * np.exp(0.4**2) / np.sqrt(0.09 * np.exp(2 * 0.4**2) + 0.91)
        covered.append(found.low <= truth <= found.high)
    assert 0.92 <= np.mean(covered) <= 0.98


def test_a_correlation_without_enough_to_go_by_has_no_interval() -> None:
    """By hand: points on a line, two prompts alone, and one answer to each prompt."""
    unit, x = np.array([0, 0, 1, 1, 2, 2]), np.array([1.0, 2, 5, 7, 0, 4])
    line = correlation_of(within_sums(unit, x, 2 * x, np.arange(3)), n=6)
    assert (line.value, line.low, line.high) == (pytest.approx(1), None, None)
    two = correlation_of(within_sums(unit[:4], x[:4], np.array([1.0, 2, 3, 2]), np.arange(2)), n=4)
    assert two.value is not None
    assert two.low is None
    apart = correlation_of(within_sums(np.arange(3), x[:3], x[3:], np.arange(3)), n=3)
    assert (apart.value, apart.n) == (None, 3)
