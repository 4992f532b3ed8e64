"""From per-row values to figures with intervals. Needs scipy: workers import this, pages never do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evalhub.common.files import Beat, unwatched
from evalhub.stats.intervals import (
    Difference,
    Figure,
    estimate,
    exp_of,
    group_sums,
    paired_difference,
    ratio_of,
)
from evalhub.stats.overlap import corpus_bleu, corpus_chrf
from evalhub.stats.preferences import agreement, implicit_reward, per_token

Row = dict[str, Any]  # one JSON line of the evaluate recipe; see EvaluateOptions
Tables = Mapping[str, Sequence[Row]]  # texts, pairs, predictions
MEAN = ratio_of(0, 1)


@dataclass(frozen=True)
class Measure:
    """One figure: from which table, which numbers of a row, and what is made of their sums.

    `numbers` is None for a row that says nothing about it: it is left out, never counted as 0.
    """

    table: str
    numbers: Callable[[Row], list[float] | None]
    figure: Figure


def measured(tables: Tables, beat: Beat = unwatched) -> dict[str, dict[str, Any]]:
    """Every figure with its 95 % interval by prompt group; n = 0 and no value where no row tells."""
    found = {}
    for name, measure in MEASURES.items():
        rows = _telling(measure, tables)
        values_RK = _array([numbers for _, numbers in rows])
        groups = [row["group"] for row, _ in rows]
        found[name] = asdict(estimate(groups, values_RK, measure.figure, beat=beat))
    return found


def compared(
    baseline: Tables, candidate: Tables, beat: Beat = unwatched
) -> dict[str, dict[str, Any]]:
    """Differences over the rows that both have.

    A figure that the baseline cannot have, as a base its implicit reward, stands without difference;
    one that the candidate lacks is left out.
    """
    found = {}
    for name, measure in MEASURES.items():
        before = {row["id"]: numbers for row, numbers in _telling(measure, baseline)}
        after = [(row, numbers) for row, numbers in _telling(measure, candidate)]
        both = [(row, before[row["id"]], numbers) for row, numbers in after if row["id"] in before]
        if not both:
            if after and not before:
                found[name] = _alone(after, measure)
            continue
        groups = [row["group"] for row, _, _ in both]
        first, second = _array([old for _, old, _ in both]), _array([new for _, _, new in both])
        found[name] = asdict(paired_difference(groups, first, second, measure.figure, beat=beat))
    return found


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


def _telling(measure: Measure, tables: Tables) -> list[tuple[Row, list[float]]]:
    rows = [(row, measure.numbers(row)) for row in tables.get(measure.table, ())]
    return [(row, numbers) for row, numbers in rows if numbers is not None]


def _array(rows: list[list[float]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(rows, dtype=np.float64) if rows else np.empty((0, 1))


def _sums(*names: str) -> Callable[[Row], list[float] | None]:
    def numbers(row: Row) -> list[float] | None:
        values = [row.get(name) for name in names]
        return None if None in values else [float(value) for value in values if value is not None]

    return numbers


def _mean_of(name: str) -> Callable[[Row], list[float] | None]:
    def numbers(row: Row) -> list[float] | None:
        return None if row.get(name) is None else [float(row[name]), 1.0]

    return numbers


def _listed(name: str) -> Callable[[Row], list[float] | None]:
    def numbers(row: Row) -> list[float] | None:
        return [float(each) for each in row[name]] if row.get(name) else None

    return numbers


def _stopped(row: Row) -> list[float] | None:
    return [float(row["finish"] == "stop"), 1.0]


def _agreement(chosen: float | None, rejected: float | None) -> list[float] | None:
    if chosen is None or rejected is None or np.isnan(chosen) or np.isnan(rejected):
        return None
    return [float(agreement(np.array([chosen]), np.array([rejected]))[0]), 1.0]


def _by_token(row: Row) -> list[float] | None:
    chosen, rejected = (
        float(per_token(np.array([row[f"{side}_logp"]]), np.array([row[f"{side}_tokens"]]))[0])
        for side in ("chosen", "rejected")
    )
    return _agreement(chosen, rejected)


def _by_sum(row: Row) -> list[float] | None:
    return _agreement(row["chosen_logp"], row["rejected_logp"])


def _by_reward(row: Row) -> list[float] | None:
    """Adapters only: a base has no base to be compared with."""
    if row.get("base_chosen_logp") is None:
        return None
    chosen, rejected = (
        float(
            implicit_reward(np.array([row[f"{side}_logp"]]), np.array([row[f"base_{side}_logp"]]))[
                0
            ]
        )
        for side in ("chosen", "rejected")
    )
    return _agreement(chosen, rejected)


MEASURES = {
    "preference_accuracy": Measure("pairs", _by_token, MEAN),
    "preference_accuracy_sum": Measure("pairs", _by_sum, MEAN),
    "implicit_reward_accuracy": Measure("pairs", _by_reward, MEAN),
    "perplexity": Measure("texts", _sums("nll", "tokens"), exp_of(MEAN)),
    "loss": Measure("texts", _sums("nll", "tokens"), MEAN),
    "rouge1": Measure("predictions", _mean_of("rouge1"), MEAN),
    "rouge2": Measure("predictions", _mean_of("rouge2"), MEAN),
    "rougeL": Measure("predictions", _mean_of("rougeL"), MEAN),
    "bleu": Measure("predictions", _listed("bleu"), corpus_bleu),
    "chrf": Measure("predictions", _listed("chrf"), corpus_chrf),
    "length": Measure("predictions", _mean_of("tokens"), MEAN),
    "end_of_text_rate": Measure("predictions", _stopped, MEAN),
}
