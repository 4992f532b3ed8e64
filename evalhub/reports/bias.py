"""What judgments depend on beside the answers: slices, time, length, place. A report of plain values.

Shapes: R rows, G buckets of prompt groups, V values of what the rows are split by, M models and one more
place for rows about no model.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.quality.arrays import lengths_of, models_of, preferences_of, ratings_of
from evalhub.registry.models import LanguageModel
from evalhub.reports.figures import cell, number
from evalhub.reports.judged import (
    SCORE,
    Judged,
    first_day,
    preferences_judged,
    ratings_judged,
)
from evalhub.reports.marks import hallucination
from evalhub.reports.slicing import Slicing, representation, slicing_of
from evalhub.reports.swayed import length_of_pairs, length_of_scores, position
from evalhub.stats.many_tests import holm
from evalhub.stats.slices import Gaps, Means, draws_of, gaps, means, shares, table_of

Beat = Callable[[], object]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

T = TypeVar("T", bound=np.generic)

WEEKS = 60  # the newest


def bias_report(campaign: Campaign, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """Everything that judgments of a campaign may hang on beside what is judged.

    Returns:
        `questions`: each with `rows` (see `_row`) by model, by slice and by week; `length`, `position`
        and `hallucination` (see their functions); `representation` of slices, and `slices_left_out`.
        Intervals are 95 % by drawing groups of prompts (people, for the position). `corrected` are
        p-values after Holm's correction, for all differences of the report together: in 95 of 100
        campaigns without a difference not one is below 0.05.
    """
    ratings, preferences, written = (
        ratings_of(campaign),
        preferences_of(campaign),
        models_of(campaign),
    )
    beat()
    slicing, versions = slicing_of(campaign), _versions(campaign, written.names)
    questions = []
    for judged in (*ratings_judged(ratings, written), *preferences_judged(preferences, written)):
        beat()
        questions.append(_question(judged, written.names, versions, slicing))
    rows = [row for each in questions for row in each["rows"]]
    _correct([row["difference"] for row in rows if row["difference"]])
    lengths = lengths_of(campaign)
    beat()
    pairs = length_of_pairs(preferences, written, lengths, beat=beat)
    places = position(preferences, written, beat=beat)
    _correct([each["effect"] for each in (*pairs, *places) if each["effect"]])
    beat()
    return {
        "campaign": str(campaign.uid),
        "correction": "holm",
        "questions": questions,
        "length": {"pairs": pairs, "scores": length_of_scores(ratings, lengths, beat=beat)},
        "position": places,
        "hallucination": hallucination(campaign, written),
        "representation": representation(slicing),
        "slices_left_out": slicing.left_out,
    }


class _Tables(NamedTuple):
    """Sums, counts and missing values by bucket, value of the split, and model."""

    sum_GVM: Floats
    count_GVM: Floats
    missing_VM: Ints


def _question(
    judged: Judged, models: list[str], versions: Versions, slicing: Slicing
) -> dict[str, Any]:
    draws_BG = draws_of(judged.buckets)
    everything = np.zeros(len(judged.value_R), dtype=np.int64)
    whole = _tables(judged, everything, 1, len(models))
    rows = _by_model(judged, whole, models, versions, draws_BG)
    for key in sorted(slicing.keys):
        values = slicing.keys[key]
        split = _tables(judged, slicing.places(key, judged.prompt_R), len(values), len(models))
        names = [each.name for each in values]
        rows += _by(judged, "slice", names, split, whole, models, draws_BG)
    seen, place_R = np.unique(judged.week_R, return_inverse=True)
    place_R = np.where(judged.week_R > seen[-1] - WEEKS, place_R, -1)
    split = _tables(judged, place_R, len(seen), len(models))
    names = [_week(week) for week in seen.tolist()]
    rows += _by(judged, "week", names, split, whole, models, draws_BG)
    missing = int(np.isnan(judged.value_R).sum())
    return {
        "question": judged.question,
        "rubric_version": judged.version,
        "measure": judged.measure,
        "answers": len(judged.value_R) - missing,
        "missing": missing,
        "rows": rows,
    }


def _tables(judged: Judged, value_R: Ints, values: int, models: int) -> _Tables:
    M = models + 1
    model_R = np.where(judged.model_R < 0, models, judged.model_R)
    is_missing_R = np.isnan(judged.value_R)
    cell_R = np.where(value_R < 0, -1, value_R * M + model_R)
    given_R = np.where(is_missing_R, -1, cell_R)
    shape = (judged.buckets, values * M)
    missing = np.bincount(cell_R[is_missing_R & (cell_R >= 0)], minlength=values * M)
    return _Tables(
        table_of(judged.bucket_R, given_R, judged.value_R, shape=shape).reshape(-1, values, M),
        table_of(judged.bucket_R, given_R, None, shape=shape).reshape(-1, values, M),
        missing.reshape(values, M),
    )


def _with_all(judged: Judged, tables: _Tables) -> _Tables:
    """All models together in the last place for scores; the mean of a win rate over all is always ½."""
    if judged.measure != SCORE:
        return _Tables(
            tables.sum_GVM[..., :-1], tables.count_GVM[..., :-1], tables.missing_VM[..., :-1]
        )
    return _Tables(
        _totalled(tables.sum_GVM), _totalled(tables.count_GVM), _totalled(tables.missing_VM)
    )


def _totalled(table: NDArray[T]) -> NDArray[T]:
    """Rows about no model, in the last place, made the total of the line."""
    total = table.sum(axis=-1, keepdims=True)
    both: NDArray[T] = np.concatenate([table[..., :-1], total], axis=-1)
    return both


def _by_model(
    judged: Judged, whole: _Tables, models: list[str], versions: Versions, draws_BG: Floats
) -> list[dict[str, Any]]:
    """In order of registration, each with its difference from the version before it."""
    told = _with_all(judged, whole)
    sum_GM, count_GM, missing_M = told.sum_GVM[:, 0], told.count_GVM[:, 0], told.missing_VM[0]
    here = np.arange(sum_GM.shape[1])
    before = here.copy()
    before[: len(models)] = versions.before
    gap = gaps(sum_GM, count_GM, sum_GM[:, before], count_GM[:, before], draws_BG)
    found = _Found(_means(judged)(sum_GM, count_GM, draws_BG), gap, count_GM.sum(axis=0), missing_M)
    names: list[str | None] = [*models, None]
    return [
        _row("model", None, names[at], found, at, None if before[at] == at else names[before[at]])
        for at in (*versions.order, *here[len(models) :].tolist())
        if found.n_C[at] or found.missing_C[at]
    ]


def _by(
    judged: Judged,
    by: str,
    values: list[str],
    split: _Tables,
    whole: _Tables,
    models: list[str],
    draws_BG: Floats,
) -> list[dict[str, Any]]:
    """Each value, for all models and for each one, with its difference from the rest of the campaign."""
    sum_GVM, count_GVM, missing_VM = _with_all(judged, split)
    whole_sum_G1M, whole_count_G1M, _ = _with_all(judged, whole)
    G, V, M = sum_GVM.shape
    sum_GC, count_GC = sum_GVM.reshape(G, -1), count_GVM.reshape(G, -1)
    rest_sum_GC = (whole_sum_G1M - sum_GVM).reshape(G, -1)
    rest_count_GC = (whole_count_G1M - count_GVM).reshape(G, -1)
    gap = gaps(sum_GC, count_GC, rest_sum_GC, rest_count_GC, draws_BG)
    found = _Found(
        _means(judged)(sum_GC, count_GC, draws_BG),
        gap,
        count_GC.sum(axis=0),
        missing_VM.reshape(-1),
    )
    names: list[str | None] = [*models, None]
    places: list[int] = [*range(len(models), M), *range(len(models))]  # all models together first
    return [
        _row(by, values[value], names[model], found, value * M + model, "rest")
        for value in range(V)
        for model in places
        if found.n_C[value * M + model] or found.missing_C[value * M + model]
    ]


def _means(judged: Judged) -> Callable[[Floats, Floats, Floats], Means]:
    return means if judged.measure == SCORE else shares


class _Found(NamedTuple):
    """Shapes: C cells."""

    mean: Means
    gap: Gaps
    n_C: Floats
    missing_C: Ints


def _row(
    by: str, split: str | None, model: str | None, found: _Found, at: int, against: str | None
) -> dict[str, Any]:
    """One figure: `by` model, slice or week, `split` which slice or week, `model` None for all together.

    `difference` from `against` (the version before, or the rest) is None where there is nothing to
    compare with; its `p` is None where fewer than five groups of prompts are on a side.
    """
    gap = None
    if against is not None and np.isfinite(found.gap.value_C[at]):
        gap = {
            "against": against,
            **cell(found.gap, at),
            "p": number(found.gap.p_C[at]),
            "corrected": None,
        }
    return {
        "by": by,
        "split": split,
        "model": model,
        **cell(found.mean, at),
        "n": int(found.n_C[at]),
        "missing": int(found.missing_C[at]),
        "difference": gap,
    }


def _correct(effects: list[dict[str, Any]]) -> None:
    """Put Holm's correction for all of them into each."""
    p_T = np.array([np.nan if each["p"] is None else each["p"] for each in effects], dtype=float)
    for each, corrected in zip(effects, holm(p_T).tolist(), strict=True):
        each["corrected"] = number(corrected)


class Versions(NamedTuple):
    """Models in the order in which they were registered, and of each the one before it, as places."""

    order: list[int]
    before: list[int]  # its parent where that was judged as well, else the one registered before


def _versions(campaign: Campaign, names: list[str]) -> Versions:
    models = LanguageModel.objects.of_workspace(campaign.workspace).filter(name__in=names)
    rows = list(models.order_by("pk").values_list("name", "parent__name"))
    order = [names.index(name) for name, _ in rows]
    before = list(range(len(names)))
    for nth, (name, parent) in enumerate(rows):
        at = names.index(name)
        if parent in names:
            before[at] = names.index(parent)
        elif nth:
            before[at] = order[nth - 1]
    return Versions(order, before)


def _week(week: int) -> str:
    """2026-W48."""
    monday = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=first_day(week))
    year, number_, _ = monday.isocalendar()
    return f"{year}-W{number_:02}"
