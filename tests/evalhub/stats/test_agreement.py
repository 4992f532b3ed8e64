"""Against the literature's tables, and against others' implementations on random data."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss_of_others

from evalhub.stats.agreement import (
    Coded,
    Level,
    Undefined,
    alpha,
    alpha_of,
    coded,
    coincidences,
    disagreement,
    interval_alpha,
    interval_disagreement,
    moments,
    percent,
    verdict,
    why_undefined,
)
from evalhub.stats.intervals import buckets, estimate_of_sums
from evalhub.stats.kappas import fleiss_kappa, kappa, pairs_of, quadratic_weights

_ = np.nan
# Krippendorff 2011, the canonical example: 4 observers, 12 units
CANONICAL = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
)
# Fleiss 1971, table 1: what six psychiatrists said of each of 30 patients
FLEISS = """
444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444
224445 333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444
133333 555555
"""


def differ(answers: Coded) -> bool:
    """Whether two values were given to units of two answers or more: else no alpha has a value."""
    met_R = np.bincount(answers.unit_R, minlength=answers.units)[answers.unit_R] > 1
    return len(np.unique(answers.code_R[met_R])) > 1


def of_table(table_AU: np.ndarray) -> Coded:
    """Raters as rows, units as columns."""
    rater, unit = np.indices(table_AU.shape)
    return coded(unit.ravel(), rater.ravel(), table_AU.ravel())


def alpha_of_table(table_AU: np.ndarray, level: Level) -> float:
    answers = of_table(table_AU)
    return float(alpha(coincidences(answers.counts()), values_V=answers.values_V, level=level)[0])


@pytest.mark.parametrize(
    ("level", "expected"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_the_canonical_table(level: str, expected: float) -> None:
    assert alpha_of_table(CANONICAL, Level(level)) == pytest.approx(expected, abs=5e-4)


def test_fleiss_table() -> None:
    table = np.array([[float(each) for each in row] for row in FLEISS.split()]).T
    value, units = fleiss_kappa(of_table(table).counts())
    assert (round(value, 3), units) == (0.430, 30)


tables = st.integers(2, 6).flatmap(
    lambda raters: st.lists(
        st.lists(st.sampled_from([_, 1.0, 2.0, 3.0, 5.0]), min_size=raters, max_size=raters),
        min_size=2,
        max_size=15,
    )
)


@settings(max_examples=150)
@given(table=tables, level=st.sampled_from(list(Level)))
def test_alpha_as_others_compute_it(table: list[list[float]], level: Level) -> None:
    table_AU = np.array(table).T
    answers = of_table(table_AU)
    if not differ(answers):
        assert answers.units == 0 or np.isnan(alpha_of_table(table_AU, level))
        return
    theirs = krippendorff.alpha(reliability_data=table_AU, level_of_measurement=level.value)
    assert alpha_of_table(table_AU, level) == pytest.approx(theirs, abs=1e-9)
    apart = disagreement(answers, level)
    assert 1 - np.nanmean(apart.of_answer_R) == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=50)
@given(table=tables)
def test_moments_give_the_interval_alpha(table: list[list[float]]) -> None:
    answers = of_table(np.array(table).T)
    assume(differ(answers))
    sums = moments(answers.unit_R, answers.values_V[answers.code_R], answers.units)
    expected = alpha_of_table(np.array(table).T, Level.INTERVAL)
    assert interval_alpha(sums)[0] == pytest.approx(expected, abs=1e-9)
    ours, tables_ = interval_disagreement(answers), disagreement(answers, Level.INTERVAL)
    assert ours.of_answer_R == pytest.approx(tables_.of_answer_R, nan_ok=True)
    assert ours.of_unit_U == pytest.approx(tables_.of_unit_U, nan_ok=True)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=3, max_size=40))
def test_kappa_and_its_error_as_others_compute_them(said: list[tuple[int, int]]) -> None:
    table_AU = np.array(said, dtype=float).T
    pairs = pairs_of(of_table(table_AU))
    values = of_table(table_AU).values_V
    plain = np.eye(len(values)), {}
    weighted = quadratic_weights(values), {"weights": values, "wt": "quadratic"}
    for weights, asked in (plain, weighted):
        value, error = kappa(pairs.tables(len(weights)), weights)
        if np.isnan(value[0]) or error[0] < 1e-6:
            continue
        theirs = cohens_kappa(pairs.tables(len(weights))[0], **asked)
        assert value[0] == pytest.approx(theirs.kappa, abs=1e-9)
        assert error[0] == pytest.approx(theirs.std_kappa, abs=1e-7)


@settings(max_examples=30)
@given(
    st.integers(2, 5).flatmap(
        lambda m: st.lists(
            st.lists(st.integers(0, 3), min_size=m, max_size=m), min_size=2, max_size=20
        )
    )
)
def test_fleiss_as_others_compute_it(rows: list[list[int]]) -> None:
    counts, _codes = aggregate_raters(np.array(rows))
    ours, _units = fleiss_kappa(counts.astype(float))
    assume(not np.isnan(ours))
    assert ours == pytest.approx(fleiss_of_others(counts), abs=1e-9)


def test_why_there_is_no_value() -> None:
    alone = of_table(np.array([[1.0, _, 3.0], [_, 2.0, _]]))
    same = of_table(np.full((3, 4), 2.0))
    assert why_undefined(alone) is Undefined.NO_PAIRS
    assert why_undefined(same) is Undefined.ONE_VALUE
    assert np.isnan(alpha_of_table(np.full((3, 4), 2.0), Level.ORDINAL))


def test_one_person_twice_on_a_unit_is_no_pair() -> None:
    answers = coded(np.array([0, 0, 0]), np.array([7, 7, 9]), np.array([1.0, 2.0, 2.0]))
    pairs = pairs_of(answers)
    assert pairs.tables(2).sum() == 2  # 7 with 9, both times


def test_the_most_disagreed_unit_is_the_one_with_the_farthest_answers() -> None:
    apart = disagreement(of_table(CANONICAL), Level.INTERVAL)
    assert np.nanargmax(apart.of_unit_U) == 5  # 1, 2, 3, 4
    assert np.isnan(apart.of_unit_U[11])  # one answer


def test_the_interval_covers_the_truth() -> None:
    """Two raters who say the truth with probability .8 and anything otherwise, five values."""
    truth_alpha, covered = 0.64, 0
    for seed in range(100):
        chance = np.random.default_rng(seed)
        truth = chance.integers(0, 5, 300)
        said = [
            np.where(chance.random(300) < 0.8, truth, chance.integers(0, 5, 300)) for _each in "ab"
        ]
        answers = of_table(np.array(said, dtype=float))
        sums = coincidences(answers.counts(), buckets(300, at_most=150, seed=seed))
        found = estimate_of_sums(
            sums, alpha_of(answers.values_V, Level.NOMINAL), n=600, resamples=400
        )
        assert found.low is not None
        covered += found.low <= truth_alpha <= (found.high or 0)
    assert 88 <= covered <= 100


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.81, 0.9, "reliable"),
        (0.7, 0.9, "tentative"),
        (0.3, 0.6, "too_low"),
        (0.5, 0.9, "unsure"),
        (None, None, "unsure"),
    ],
)
def test_the_verdict_goes_by_the_interval(low: float | None, high: float | None, said: str) -> None:
    assert verdict(low, high) == said


def test_percent_is_the_share_of_equal_pairs() -> None:
    answers = of_table(np.array([[1.0, 1.0], [1.0, 2.0]]))
    assert percent(coincidences(answers.counts()))[0] == pytest.approx(0.5)
