"""What judgments depend on beside the answers: slices, time, length, place. A report of plain values.

Shapes: R rows, G buckets of prompt groups, V values of what the rows are split by, M models and one more
place for rows about no model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.quality.arrays import Models
from evalhub.quality.choices import Counts
from evalhub.registry.models import LanguageModel
from evalhub.reports.behind import GIVEN, Behind, behind_report
from evalhub.reports.figures import cell, number
from evalhub.reports.judged import (
    SCORE,
    Judged,
    preferences_judged,
    ratings_judged,
    week_told,
)
from evalhub.reports.marks import hallucination
from evalhub.reports.read import Read
from evalhub.reports.slicing import Slicing, representation, slicing_of
from evalhub.reports.swayed import length_of_pairs, length_of_scores, position
from evalhub.stats.many_tests import holm
from evalhub.stats.slices import Gaps, Means, gaps, means, shares, table_of

Beat = Callable[[], object]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

T = TypeVar("T", bound=np.generic)

WEEKS = 60  # the newest


def bias_report(read: Read, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """Everything that judgments of a campaign may hang on beside what is judged.

    Returns:
        `questions`: each with `rows` (see `_row`) by model, by slice and by week, `split` being which; `length`, `position`
        and `hallucination` (see their functions); `representation` of slices, and `slices_left_out`.
        Intervals are 95 % by leaving out groups of prompts, one at a time (people, for the position). `corrected` are
        p-values after Holm's correction, for all differences of the report together: in 95 of 100
        campaigns without a difference not one is below 0.05.
    """
    campaign = read.campaign
    ratings, preferences, written = read.ratings, read.preferences, read.models
    beat()
    slicing, versions = (
        slicing_of(campaign, beside_collections=True),
        _versions(campaign, written.names),
    )
    questions = []
    for judged in (*ratings_judged(ratings, written), *preferences_judged(preferences, written)):
        beat()
        questions.append(_question(judged, written, versions, slicing))
    rows = [row for each in questions for row in each["rows"]]
    _correct([row["difference"] for row in rows if row["difference"]])
    lengths = read.lengths
    beat()
    pairs = length_of_pairs(preferences, written, lengths, beat=beat)
    places = position(preferences, written, beat=beat)
    _correct([each["effect"] for each in (*pairs, *places) if each["effect"]])
    beat()
    return {
        "campaign": str(campaign.uid),
        "behind": behind_report(campaign, Counts.SAID),
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
    judgment_VM: (
        Ints  # each once, of the answers that have a value; in the last place of all models
    )


def _question(
    judged: Judged, written: Models, versions: Versions, slicing: Slicing
) -> dict[str, Any]:
    everything = np.zeros(len(judged.value_R), dtype=np.int64)
    models = len(written.names)
    whole = _tables(judged, everything, 1, models)
    rows = _by_model(judged, whole, written, versions)
    for key in sorted(slicing.keys):
        values = slicing.keys[key]
        split = _tables(judged, slicing.places(key, judged.prompt_R), len(values), models)
        names = [Split("slice", each.name, {"slice": each.name}) for each in values]
        rows += _by(judged, names, split, whole, written)
    seen, place_R = np.unique(judged.week_R, return_inverse=True)
    place_R = np.where(judged.week_R > seen[-1] - WEEKS, place_R, -1)
    split = _tables(judged, place_R, len(seen), models)
    names = [Split("week", *week_told(week)) for week in seen.tolist()]
    rows += _by(judged, names, split, whole, written)
    missing = int(np.isnan(judged.value_R).sum())
    return {
        "question": judged.question,
        "rubric_version": judged.version,
        "measure": judged.measure,
        "answers": len(judged.value_R) - missing,
        "missing": missing,
        "judgments": int(judged.firsts.sum()),
        "behind": judged.behind | GIVEN,
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
    told_R = given_R[judged.firsts_of_models]
    judgments = np.bincount(told_R[told_R >= 0], minlength=values * M).reshape(values, M)
    all_R = value_R[judged.firsts]
    judgments[:, models] = np.bincount(all_R[all_R >= 0], minlength=values)
    return _Tables(
        table_of(judged.bucket_R, given_R, judged.value_R, shape=shape).reshape(-1, values, M),
        table_of(judged.bucket_R, given_R, None, shape=shape).reshape(-1, values, M),
        missing.reshape(values, M),
        judgments,
    )


def _with_all(judged: Judged, tables: _Tables) -> _Tables:
    """All models together in the last place for scores; the mean of a win rate over all is always ½."""
    sums, counts, missing, judgments = tables
    if judged.measure != SCORE:
        return _Tables(sums[..., :-1], counts[..., :-1], missing[..., :-1], judgments[..., :-1])
    return _Tables(_totalled(sums), _totalled(counts), _totalled(missing), judgments)


def _totalled(table: NDArray[T]) -> NDArray[T]:
    """Rows about no model, in the last place, made the total of the line."""
    total = table.sum(axis=-1, keepdims=True)
    both: NDArray[T] = np.concatenate([table[..., :-1], total], axis=-1)
    return both


class Split(NamedTuple):
    by: str  # slice or week
    name: str
    behind: Behind


def _by_model(
    judged: Judged, whole: _Tables, written: Models, versions: Versions
) -> list[dict[str, Any]]:
    """In order of registration, each with its difference from the version before it."""
    told, models = _with_all(judged, whole), len(written.names)
    sum_GM, count_GM, missing_M = told.sum_GVM[:, 0], told.count_GVM[:, 0], told.missing_VM[0]
    here = np.arange(sum_GM.shape[1])
    before = here.copy()
    before[:models] = versions.before
    gap = gaps(sum_GM, count_GM, sum_GM[:, before], count_GM[:, before])
    mean = _means(judged)(sum_GM, count_GM)
    found = _Found(mean, gap, count_GM.sum(axis=0), missing_M, told.judgment_VM[0])
    names: list[str | None] = [*written.names, None]
    return [
        {"by": "model", "split": None}
        | _row(found, at, None if before[at] == at else names[before[at]])
        | _about(judged, written, at, {})
        for at in (*versions.order, *here[models:].tolist())
        if found.n_C[at] or found.missing_C[at]
    ]


def _by(
    judged: Judged,
    splits: list[Split],
    split: _Tables,
    whole: _Tables,
    written: Models,
) -> list[dict[str, Any]]:
    """Each value, for all models and for each one, with its difference from the rest of the campaign."""
    sum_GVM, count_GVM, missing_VM, judgment_VM = _with_all(judged, split)
    whole_sum_G1M, whole_count_G1M, *_ = _with_all(judged, whole)
    G, _, M = sum_GVM.shape
    sum_GC, count_GC = sum_GVM.reshape(G, -1), count_GVM.reshape(G, -1)
    rest_sum_GC = (whole_sum_G1M - sum_GVM).reshape(G, -1)
    rest_count_GC = (whole_count_G1M - count_GVM).reshape(G, -1)
    found = _Found(
        _means(judged)(sum_GC, count_GC),
        gaps(sum_GC, count_GC, rest_sum_GC, rest_count_GC),
        count_GC.sum(axis=0),
        missing_VM.reshape(-1),
        judgment_VM.reshape(-1),
    )
    models = len(written.names)
    places = [*range(models, M), *range(models)]  # all models together first
    return [
        {"by": each.by, "split": each.name}
        | _row(found, value * M + model, "rest")
        | _about(judged, written, model, each.behind)
        for value, each in enumerate(splits)
        for model in places
        if found.n_C[value * M + model] or found.missing_C[value * M + model]
    ]


def _about(judged: Judged, written: Models, model: int, behind: Behind) -> dict[str, Any]:
    """`model`, None for all together, and what is behind its figure."""
    about = judged.behind | GIVEN | behind
    if model == len(written.names):
        return {"model": None, "behind": about}
    return {"model": written.names[model], "behind": about | {"model": written.uids[model]}}


def _means(judged: Judged) -> Callable[[Floats, Floats], Means]:
    return means if judged.measure == SCORE else shares


class _Found(NamedTuple):
    """Shapes: C cells."""

    mean: Means
    gap: Gaps
    n_C: Floats
    missing_C: Ints
    judgment_C: Ints


def _row(found: _Found, at: int, against: str | None) -> dict[str, Any]:
    """One figure.

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
        **cell(found.mean, at),
        "n": int(found.n_C[at]),
        "missing": int(found.missing_C[at]),
        "judgments": int(found.judgment_C[at]),
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
