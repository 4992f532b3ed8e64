"""From per-row values to figures with intervals. Needs scipy: workers import this, pages never do."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evalhub.common.files import Beat, unwatched
from evalhub.evaluation.drawn import alone, difference, drawn_in, estimated, with_direction
from evalhub.evaluation.figures import HARNESS, PLUGIN
from evalhub.evaluation.numbers import (
    Row,
    by_given_reward,
    by_label,
    by_likely_label,
    by_reward,
    by_sum,
    by_token,
    likeliest_choice,
    likeliest_choice_per_token,
    likeliest_label,
    listed,
    mean_of,
    named_rightly,
    stopped,
    sums_of,
)  # fmt: skip
from evalhub.stats.association import p_of_no_difference
from evalhub.stats.intervals import (
    LEVEL,
    Difference,
    Estimate,
    Figure,
    Floats,
    estimate,
    exp_of,
    group_sums,
    paired_difference,
    ratio_of,
)
from evalhub.stats.labels import confusion, macro_f1, macro_precision, macro_recall
from evalhub.stats.overlap import corpus_bleu, corpus_chrf, corpus_ter
from evalhub.stats.shares import as_unseen_groups_allow, at_least_wilson

Tables = Mapping[
    str, Sequence[Row]
]  # texts, pairs, predictions, choices, timings, harness, figures
PairedRow = tuple[str, list[float], list[float]]  # group, and the numbers of both sides
MEAN = ratio_of(0, 1)


@dataclass(frozen=True)
class Measure:
    """One figure: from which table, which numbers of a row, and what is made of their sums.

    `numbers` is None for a row that says nothing about it: it is left out, never counted as 0.
    of_one: whether one row alone has it; a mean over labels needs many.
    """

    table: str
    numbers: Callable[[Row], list[float] | None]
    figure: Figure
    of_one: bool = True


def measured(tables: Tables, beat: Beat = unwatched) -> dict[str, dict[str, Any]]:
    """Every figure with its 95 % interval by prompt group.

    Where no row tells, one of ALWAYS has n = 0 and no value, and another is left out.
    """
    found = {}
    for name, measure in measures_of(tables).items():
        rows = _telling(measure, tables)
        if not rows and name not in ALWAYS:
            continue
        found[name] = asdict(_estimate(measure, rows, beat))
    found |= {name: estimated(row) for name, row in drawn_in(tables).items()}
    return {name: with_direction(name, metric, tables) for name, metric in found.items()}


def compared(
    baseline: Tables, candidate: Tables, beat: Beat = unwatched
) -> dict[str, dict[str, Any]]:
    """Differences over the rows that both have, each with "p", of no difference, for itself.

    A figure that the baseline cannot have, as a base its implicit reward, stands without difference;
    one that the candidate lacks is left out.
    """
    found = {}
    for name, measure in measures_of(candidate).items():
        if both := paired_rows(measure, baseline, candidate):
            gap = difference_on(measure, both, beat=beat)
            found[name] = asdict(gap) | {"p": p_of_no_difference(gap)}
        elif (after := _telling(measure, candidate)) and not _telling(measure, baseline):
            found[name] = _alone(after, measure)
    known = drawn_in(baseline)
    for name, row in drawn_in(candidate).items():
        gap_drawn = difference(known[name], row) if name in known else alone(row)
        if gap_drawn is not None:
            found[name] = gap_drawn
    return {name: with_direction(name, metric, candidate) for name, metric in found.items()}


def _estimate(measure: Measure, rows: list[tuple[Row, list[float]]], beat: Beat) -> Estimate:
    values_RK = _array([numbers for _, numbers in rows])
    groups = [row["group"] for row, _ in rows]
    found = estimate(groups, values_RK, measure.figure, beat=beat)
    if _is_from_0_to_1(measure, values_RK):
        return at_least_wilson(found, groups=len(set(groups)))
    return found


def difference_on(
    measure: Measure,
    rows: Sequence[PairedRow],
    *,
    level: float = LEVEL,
    resamples: int = 2000,
    beat: Beat = unwatched,
) -> Difference:
    """Candidate less baseline on the rows that both have, see `paired_rows`; one at least.

    Where all groups say the same, no draw differs. Of figures from 0 to 1 the interval is then what groups that
    were not asked allow, and not of no width: a few prompts that both models answer rightly do not show that one
    is no worse.
    """
    groups, first, second = zip(*rows, strict=True)
    before_RK, after_RK = np.array(first), np.array(second)
    found = paired_difference(
        groups, before_RK, after_RK, measure.figure, level=level, resamples=resamples, beat=beat
    )
    if _is_from_0_to_1(measure, before_RK) and _is_from_0_to_1(measure, after_RK):
        return as_unseen_groups_allow(found, level=level)
    return found


def _is_from_0_to_1(measure: Measure, values_RK: Floats) -> bool:
    """Means over labels, and means of rows of which each counts once and gives 0 to 1."""
    if measure.figure is not MEAN:
        return not measure.of_one
    once = bool((values_RK[:, 1:] == 1).all()) and values_RK.shape[1] == 2
    return once and bool(((values_RK[:, 0] >= 0) & (values_RK[:, 0] <= 1)).all())


def paired_rows(
    measure: Measure, before: Tables, after: Tables, groups: Container[str] | None = None
) -> Sequence[PairedRow]:
    """Group and both models' numbers of each row that both tell, of `groups` alone where given."""
    known = {row["id"]: numbers for row, numbers in _telling(measure, before)}
    return [
        (row["group"], known[row["id"]], numbers)
        for row, numbers in _telling(measure, after)
        if row["id"] in known and (groups is None or row["group"] in groups)
    ]


def _alone(rows: list[tuple[Row, list[float]]], measure: Measure) -> dict[str, Any]:
    groups = [row["group"] for row, _ in rows]
    sums_GK = group_sums(groups, _array([numbers for _, numbers in rows]))
    value = float(measure.figure(sums_GK.sum(axis=0, keepdims=True))[0])
    return asdict(
        Difference(
            baseline=None, candidate=value, difference=None, low=None, high=None, smallest=None,
            n=len(rows), groups=len(sums_GK),
        )
    )  # fmt: skip


def confusion_of(tables: Tables) -> dict[str, Any]:
    """What was taken for what, where rows have labels: {"labels": […], "counts": [[…]]}.

    A line is a right label, a column what the answer named, the last one none or several.
    """
    rows = [row for row in tables.get("predictions", ()) if "labels" in row]
    if not rows:
        return {}
    labels = rows[0]["labels"]
    pairs = [(row["label"], row["said_label"]) for row in rows]
    return {"labels": labels, "counts": confusion(pairs, labels)}


def measures_of(tables: Tables) -> dict[str, Measure]:
    """Ours, and those of plug-ins and harness tasks that left values in the rows."""
    found = dict(MEASURES)
    for table, begins in (("predictions", PLUGIN), ("harness", HARNESS)):
        names = {name for row in tables.get(table, ()) for name in row if name.startswith(begins)}
        found |= {name: Measure(table, mean_of(name), MEAN) for name in sorted(names)}
    return found


def _telling(measure: Measure, tables: Tables) -> list[tuple[Row, list[float]]]:
    rows = [(row, measure.numbers(row)) for row in tables.get(measure.table, ())]
    return [(row, numbers) for row, numbers in rows if numbers is not None]


def _array(rows: list[list[float]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(rows, dtype=np.float64) if rows else np.empty((0, 1))


ALWAYS = (  # readers of earlier releases look them up without asking
    "preference_accuracy", "preference_accuracy_sum", "implicit_reward_accuracy", "perplexity", "loss",
    "rouge1", "rouge2", "rougeL", "bleu", "chrf", "length", "end_of_text_rate",
)  # fmt: skip
MEASURES = {
    "preference_accuracy": Measure("pairs", by_token, MEAN),
    "preference_accuracy_sum": Measure("pairs", by_sum, MEAN),
    "implicit_reward_accuracy": Measure("pairs", by_reward, MEAN),
    "reward_accuracy": Measure("pairs", by_given_reward, MEAN),
    "perplexity": Measure("texts", sums_of("nll", "tokens"), exp_of(MEAN)),
    "loss": Measure("texts", sums_of("nll", "tokens"), MEAN),
    "accuracy": Measure("predictions", named_rightly, MEAN),
    "macro_precision": Measure("predictions", by_label, macro_precision, of_one=False),
    "macro_recall": Measure("predictions", by_label, macro_recall, of_one=False),
    "macro_f1": Measure("predictions", by_label, macro_f1, of_one=False),
    "accuracy_by_likelihood": Measure("choices", likeliest_label, MEAN),
    "macro_f1_by_likelihood": Measure("choices", by_likely_label, macro_f1, of_one=False),
    "choice_accuracy": Measure("choices", likeliest_choice, MEAN),
    "choice_accuracy_per_token": Measure("choices", likeliest_choice_per_token, MEAN),
    "exact_match": Measure("predictions", mean_of("exact_match"), MEAN),
    "token_f1": Measure("predictions", mean_of("token_f1"), MEAN),
    "rouge1": Measure("predictions", mean_of("rouge1"), MEAN),
    "rouge2": Measure("predictions", mean_of("rouge2"), MEAN),
    "rougeL": Measure("predictions", mean_of("rougeL"), MEAN),
    "rougeLsum": Measure("predictions", mean_of("rougeLsum"), MEAN),
    "bleu": Measure("predictions", listed("bleu"), corpus_bleu),
    "chrf": Measure("predictions", listed("chrf"), corpus_chrf),
    "ter": Measure("predictions", listed("ter"), corpus_ter),
    "meteor": Measure("predictions", mean_of("meteor"), MEAN),
    "meteor_exact_stem": Measure("predictions", mean_of("meteor_exact_stem"), MEAN),
    "json_validity": Measure("predictions", mean_of("valid_json"), MEAN),
    "pattern_rate": Measure("predictions", mean_of("pattern_found"), MEAN),
    "reward": Measure("predictions", mean_of("reward"), MEAN),
    "length": Measure("predictions", mean_of("tokens"), MEAN),
    "words": Measure("predictions", mean_of("words"), MEAN),
    "end_of_text_rate": Measure("predictions", stopped, MEAN),
    "refusal_rate": Measure("predictions", mean_of("refused"), MEAN),
    "distinct1": Measure("predictions", listed("distinct1"), MEAN),
    "distinct2": Measure("predictions", listed("distinct2"), MEAN),
    "latency": Measure("timings", mean_of("seconds"), MEAN),
    "tokens_per_second": Measure("timings", sums_of("tokens", "seconds"), MEAN),
}
