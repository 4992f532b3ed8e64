"""Alpha at the ratio level by terms: the literature's table, and what tables of all values give."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from evalhub.stats.agreement import (
    Coded,
    Level,
    Undefined,
    alpha_of,
    coded,
    coincidences,
    disagreement,
    why_undefined,
)
from evalhub.stats.agreement_parts import alphas_of_numbers
from evalhub.stats.by_level import disagreement_by, figure_of, sums_of
from evalhub.stats.kappas import pairs_of
from evalhub.stats.ratio import MOST, ratio_sums
from tests.evalhub.stats.test_agreement import CANONICAL, differ, of_table

RATIO = Level.RATIO
_ = np.nan


def ratio(answers: Coded) -> float:
    return float(figure_of(answers.values_V, RATIO)(sums_of(answers, RATIO))[0])


def test_the_canonical_table() -> None:
    assert ratio(of_table(CANONICAL)) == pytest.approx(0.797, abs=5e-4)


wide = st.one_of(st.integers(0, 3), st.integers(0, 32_767)).map(float)
tables = st.integers(2, 6).flatmap(
    lambda raters: st.lists(
        st.lists(wide | st.just(_), min_size=raters, max_size=raters), min_size=2, max_size=15
    )
)


@pytest.fixture(params=[0, 256], ids=["series", "table"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few values have a table of their own: the series is held against it all the same."""
    monkeypatch.setattr("evalhub.stats.ratio._FEW", request.param)


@pytest.mark.usefixtures("way")
@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # one for all
@given(table=tables)
def test_alpha_and_distances_are_those_of_a_table_of_all_values(table: list[list[float]]) -> None:
    answers = of_table(np.array(table).T)
    assume(differ(answers))
    theirs = krippendorff.alpha(reliability_data=np.array(table).T, level_of_measurement="ratio")
    assume(abs(theirs) < 1e3)  # where all but one answer is one value, the table rounds, too
    assert ratio(answers) == pytest.approx(theirs, rel=1e-6, abs=1e-6)
    ours, tabled = disagreement_by(answers, RATIO), disagreement(answers, RATIO)
    assert ours.of_answer_R == pytest.approx(tabled.of_answer_R, rel=1e-6, nan_ok=True)
    assert ours.of_unit_U == pytest.approx(tabled.of_unit_U, rel=1e-6, nan_ok=True)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("low", "kinds", "answered", "odd"),
    [(30_000, 2, 100_000, 0.001), (30_000, 2, 20_000, 0.01), (20_000, 2, 100_000, 0.001), (32_760, 8, 4_000, 0.5)],
)  # fmt: skip
def test_great_numbers_close_together_are_told_apart(
    low: int, kinds: int, answered: int, odd: float
) -> None:
    chance = np.random.default_rng(4)
    units = answered // 2
    first = low + chance.integers(0, kinds, units) * (chance.random(units) < odd)
    second = np.where(
        chance.random(units) < 0.8,
        first,
        low + (first - low + 1) % kinds * (chance.random(units) < odd),
    )
    answers = of_table(np.array([first, second], dtype=float))
    sums = coincidences(answers.counts(), np.zeros(answers.units, dtype=np.int64))
    exact = float(alpha_of(answers.values_V, RATIO)(sums)[0])
    assert ratio(answers) == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize("odd", [1, 3, 100])
def test_few_great_numbers_are_told_apart_whatever_a_single_other_answer_was(odd: int) -> None:
    first, second = np.full(50_000, 30_000.0), np.full(50_000, 30_000.0)
    first[:odd] = 30_001
    lone = np.full(50_001, np.nan)
    lone[-1] = 1  # met nobody
    together = of_table(np.array([np.append(first, np.nan), np.append(second, np.nan), lone]))
    sums = coincidences(together.counts(), np.zeros(together.units, dtype=np.int64))
    exact = float(alpha_of(together.values_V, RATIO)(sums)[0])
    assert differ(together)
    assert ratio(together) == pytest.approx(exact, abs=1e-9)


def test_groups_add_up_and_answers_that_met_nobody_count_nothing() -> None:
    chance = np.random.default_rng(3)
    answers = coded(chance.integers(0, 50, 120), np.arange(120), chance.integers(0, 900, 120) + 0.0)
    parts_GK = ratio_sums(answers, chance.integers(0, 7, answers.units))
    assert parts_GK.sum(axis=0) == pytest.approx(ratio_sums(answers)[0])
    met = np.bincount(answers.unit_R) > 1
    assert parts_GK[:, 1].sum() == np.isin(answers.unit_R, np.flatnonzero(met)).sum() < 120


def test_one_value_alone_has_no_alpha_and_full_agreement_is_exactly_1() -> None:
    same = of_table(np.array([[700.0, 700.0], [700.0, 700.0]]))
    assert np.isnan(ratio(same))
    assert ratio(of_table(np.array([[700.0, 701.0, 0.0], [700.0, 701.0, 0.0]]))) == 1


def test_a_rare_other_number_among_many_is_too_close_and_not_one_value() -> None:
    """The series of more than 256 values leaves what is less than rounding: no alpha, and not for want of difference."""
    first = np.full(500_000, 30_000.0)
    second = first.copy()
    second[0] = 30_001
    wide = np.arange(1.0, 301.0)  # met nobody
    answers = of_table(np.array([np.append(first, wide), np.append(second, np.full(300, np.nan))]))
    assert np.isnan(ratio(answers))
    assert why_undefined(answers) is Undefined.TOO_CLOSE
    pairs = pairs_of(answers)
    assert np.isnan(alphas_of_numbers(pairs, answers.values_V, RATIO).value).all()
    assert pairs.is_one_value().tolist() == [False]
    assert pairs_of(of_table(np.full((2, 3), 7.0))).is_one_value().tolist() == [True]


def test_nobody_answered() -> None:
    nothing = coded(np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0))
    assert ratio_sums(nothing).shape[0] == 0


@pytest.mark.parametrize("value", [-1.0, 0.5, MOST + 1])
def test_a_number_that_the_terms_do_not_reach_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="0 and numbers from 1 to 32768"):
        ratio(of_table(np.array([[1.0, value], [2.0, 3.0]])))
