"""What must hold whatever people say: names and the order of rows mean nothing, and sides can be turned round."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evalhub.stats.agreement import Level, alpha, coded, coincidences
from evalhub.stats.bias import pair_effects
from evalhub.stats.discrimination import FOLDS, Said, Weights, weights
from evalhub.stats.leaderboard import Fit, fit
from evalhub.stats.reliability import dawid_skene, severity_and_spread, strengths

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNITS, RATERS, VALUES, MODELS = 12, 5, 3, 4
CLOSE = {"abs": 1e-6}
FEW = settings(max_examples=25, deadline=None, derandomize=True)


@dataclass(frozen=True)
class Answers:
    unit: Ints
    rater: Ints
    value: Ints

    def at(self, order: Ints) -> Answers:
        return Answers(self.unit[order], self.rater[order], self.value[order])


@dataclass(frozen=True)
class Compared:
    """Comparisons of two models in an order on the page."""

    rater: Ints
    first: Ints
    second: Ints
    outcome: Ints  # 0 the first, 1 a tie, 2 the second
    group: Ints

    def at(self, order: Ints) -> Compared:
        return Compared(*(getattr(self, name)[order] for name in self.__dataclass_fields__))

    def table(self) -> Floats:
        shape = (1, MODELS, MODELS, 3)
        cell = np.ravel_multi_index((self.first, self.second, self.outcome), shape[1:])
        return np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape).astype(float)

    def fit(self) -> Fit:
        return fit(self.table(), np.ones(1))

    def weights(self) -> Weights:
        times = np.ones(len(self.rater))
        columns = (self.rater, self.first, self.second, self.outcome)
        said = Said.of(*columns, self.group % FOLDS, times)
        return weights(said, models=MODELS, raters=RATERS)


@st.composite
def answers(draw: st.DrawFn) -> Answers:
    """Not everybody answers everything, and some answer a thing twice."""
    seed, n = draw(st.integers(0, 2**32 - 1)), draw(st.integers(20, 80))
    chance = np.random.default_rng(seed)
    unit, rater = chance.integers(0, UNITS, n), chance.integers(0, RATERS, n)
    truth = chance.integers(0, VALUES, UNITS)
    says_truth = chance.random(n) < draw(st.sampled_from([0.0, 0.6, 1.0]))
    return Answers(unit, rater, np.where(says_truth, truth[unit], chance.integers(0, VALUES, n)))


@st.composite
def comparisons(draw: st.DrawFn) -> Compared:
    """Some models may never meet, never tie, or never lose."""
    seed, n = draw(st.integers(0, 2**32 - 1)), draw(st.integers(10, 120))
    chance = np.random.default_rng(seed)
    first = chance.integers(0, MODELS, n)
    second = (first + chance.integers(1, draw(st.integers(2, MODELS)), n)) % MODELS
    ahead = (first - second) * draw(st.sampled_from([0.0, 0.5, 5.0]))
    won = chance.random(n) < 1 / (1 + np.exp(-ahead))
    tied = chance.random(n) < draw(st.sampled_from([0.0, 0.3]))
    outcome = np.where(tied, 1, np.where(won, 0, 2))
    return Compared(
        chance.integers(0, RATERS, n), first, second, outcome, chance.integers(0, 20, n)
    )


orders = st.randoms(use_true_random=False)


def shuffled(count: int, lot: object) -> Ints:
    order = list(range(count))
    lot.shuffle(order)  # type: ignore[attr-defined]  # a random.Random of hypothesis
    return np.array(order)


def choices_of(said: Answers) -> tuple[Floats, Floats, Floats]:
    found = dawid_skene(
        said.unit, said.rater, said.value, units=UNITS, raters=RATERS, values=VALUES
    )
    return found.truth_UV, found.confusion_AVV, found.priors_V


@FEW
@given(answers(), orders)
def test_dawid_and_skene_do_not_hang_on_names_or_order(said: Answers, lot: object) -> None:
    truth_UV, confusion_AVV, priors_V = choices_of(said)
    assert truth_UV.sum(axis=1) == pytest.approx(1)
    assert confusion_AVV.sum(axis=2) == pytest.approx(1)
    for one, two in zip(
        choices_of(said.at(shuffled(len(said.unit), lot))),
        (truth_UV, confusion_AVV, priors_V),
        strict=True,
    ):
        assert one == pytest.approx(two, abs=1e-4)
    name_A, word_V, thing_U = (shuffled(n, lot) for n in (RATERS, VALUES, UNITS))
    renamed = Answers(thing_U[said.unit], name_A[said.rater], word_V[said.value])
    again_UV, again_AVV, again_V = choices_of(renamed)
    assert again_UV[thing_U][:, word_V] == pytest.approx(truth_UV, abs=1e-4)
    assert again_V[word_V] == pytest.approx(priors_V, abs=1e-4)
    assert again_AVV[name_A][:, word_V][:, :, word_V] == pytest.approx(confusion_AVV, abs=1e-4)


@FEW
@given(answers(), orders, st.integers(-50, 50))
def test_severity_moves_with_the_scale_and_not_with_names(
    said: Answers, lot: object, shift: int
) -> None:
    def scored(each: Answers) -> tuple[Floats, Floats, float]:
        found = severity_and_spread(
            each.unit, each.rater, each.value.astype(float), units=UNITS, raters=RATERS
        )
        return found.severity_A, found.spread_A, found.mean

    severity_A, spread_A, mean = scored(said)
    name_A = shuffled(RATERS, lot)
    renamed = replace(said, rater=name_A[said.rater]).at(shuffled(len(said.unit), lot))
    again = scored(renamed)
    assert again[0][name_A] == pytest.approx(severity_A, abs=1e-4)
    assert again[1][name_A] == pytest.approx(spread_A, abs=1e-4)
    moved = scored(replace(said, value=said.value + shift))
    assert moved[0] == pytest.approx(severity_A, abs=1e-3)
    assert moved[1] == pytest.approx(spread_A, abs=1e-3)
    assert moved[2] == pytest.approx(mean + shift, abs=1e-3)


@FEW
@given(comparisons(), orders)
def test_strengths_of_people_stay_when_all_sides_are_turned(said: Compared, lot: object) -> None:
    pair = said.first * MODELS + said.second
    units, unit = np.unique(pair, return_inverse=True)
    win, place = 1 - said.outcome / 2, np.ones(len(pair))

    def fitted(order: Ints, *, turned: bool) -> tuple[Floats, Floats]:
        side = 1 - win if turned else win
        found = strengths(
            unit[order],
            said.rater[order],
            side[order],
            (-place if turned else place)[order],
            units=len(units),
            raters=RATERS,
        )
        return found.first_U, found.strength_A

    as_given = np.arange(len(pair))
    first_U, strength_A = fitted(as_given, turned=False)
    mixed = fitted(shuffled(len(pair), lot), turned=False)
    assert mixed[0] == pytest.approx(first_U, abs=1e-4)
    other = fitted(as_given, turned=True)
    assert other[0] == pytest.approx(1 - first_U, abs=1e-4)
    assert other[1] == pytest.approx(strength_A, abs=1e-4)


@FEW
@given(comparisons(), orders)
def test_a_leaderboard_does_not_hang_on_names_and_turns_with_the_answers(
    said: Compared, lot: object
) -> None:
    found = said.fit()
    name_M = shuffled(MODELS, lot)
    renamed = replace(said, first=name_M[said.first], second=name_M[said.second])
    again = renamed.at(shuffled(len(said.first), lot)).fit()
    assert again.strength_M[name_M] == pytest.approx(found.strength_M, **CLOSE)
    assert (again.tie, again.position) == pytest.approx((found.tie, found.position), **CLOSE)
    turned = replace(said, outcome=2 - said.outcome).fit()
    assert turned.strength_M == pytest.approx(-found.strength_M, **CLOSE)
    assert (turned.tie, turned.position) == pytest.approx((found.tie, -found.position), **CLOSE)
    swapped = replace(said, first=said.second, second=said.first, outcome=2 - said.outcome).fit()
    assert swapped.strength_M == pytest.approx(found.strength_M, **CLOSE)
    assert swapped.position == pytest.approx(-found.position, **CLOSE)


@FEW
@given(comparisons(), orders)
def test_how_well_people_tell_models_apart_does_not_hang_on_names_or_sides(
    said: Compared, lot: object
) -> None:
    whole = said.weights().whole
    assert np.isfinite(whole.slope_A).all()
    name_A, name_M = shuffled(RATERS, lot), shuffled(MODELS, lot)
    renamed = replace(
        said, rater=name_A[said.rater], first=name_M[said.first], second=name_M[said.second]
    )
    again = renamed.at(shuffled(len(said.rater), lot)).weights().whole
    used = np.unique(said.rater)
    assert again.slope_A[name_A][used] == pytest.approx(whole.slope_A[used], abs=0.01)
    turned = replace(said, outcome=2 - said.outcome).weights().whole
    assert turned.slope_A == pytest.approx(whole.slope_A, abs=0.01)


@FEW
@given(comparisons(), orders)
def test_length_and_place_turn_with_the_answers(said: Compared, lot: object) -> None:
    longer = np.random.default_rng(0).normal(size=len(said.first))
    causes = np.stack([longer, np.ones(len(longer))], axis=1)
    won = 1 - said.outcome / 2
    group = np.unique(said.group, return_inverse=True)[1]

    def effects(order: Ints, side: Floats, name_M: Ints) -> tuple[Floats, Floats]:
        first, second = name_M[said.first[order]], name_M[said.second[order]]
        found = pair_effects(first, second, side[order], causes[order], group[order], models=MODELS)
        return found.strength_M, found.effect_K

    as_given, own = np.arange(len(won)), np.arange(MODELS)
    strength_M, effect_K = effects(as_given, won, own)
    name_M = shuffled(MODELS, lot)
    again = effects(shuffled(len(won), lot), won, name_M)
    assert again[0][name_M] == pytest.approx(strength_M, abs=1e-5)
    assert again[1] == pytest.approx(effect_K, abs=1e-5)
    turned = effects(as_given, 1 - won, own)
    assert turned[0] == pytest.approx(-strength_M, abs=1e-5)
    assert turned[1] == pytest.approx(-effect_K, abs=1e-5)


@FEW
@given(answers(), st.lists(st.integers(1, 9), min_size=VALUES, max_size=VALUES))
def test_ordinal_alpha_goes_by_order_and_interval_alpha_by_distance(
    said: Answers, steps: list[int]
) -> None:
    def alpha_of(values_V: Floats, level: Level) -> float:
        found = coded(said.unit, said.rater, values_V[said.value])
        sums = coincidences(found.counts()).sum(axis=0, keepdims=True)
        return float(alpha(sums, values_V=found.values_V, level=level)[0])

    plain, rising = np.arange(VALUES, dtype=float), np.cumsum(steps).astype(float)
    same = {"nan_ok": True, "abs": 1e-9}
    assert alpha_of(rising, Level.ORDINAL) == pytest.approx(alpha_of(plain, Level.ORDINAL), **same)
    moved = 7 - 3 * plain
    assert alpha_of(moved, Level.INTERVAL) == pytest.approx(alpha_of(plain, Level.INTERVAL), **same)
    words = np.array([5.0, -1.0, 2.0])
    assert alpha_of(words, Level.NOMINAL) == pytest.approx(alpha_of(plain, Level.NOMINAL), **same)
    scaled = rising * 4
    assert alpha_of(scaled, Level.RATIO) == pytest.approx(alpha_of(rising, Level.RATIO), **same)
