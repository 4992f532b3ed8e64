"""From the harness's samples to rows and figures. Intervals are made elsewhere.

A figure that is the mean of one number a document is told by its rows. Of any other (F1, BLEU, a mean of
tasks of unlike size) the trainer alone knows the formula, so it draws documents anew here and tells the
figure of each draw; two models with the same documents see the same draws, so their draws are paired.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from lm_eval.api.metrics import mean

from training.harness.asking import Answered
from training.harness.wanted import Wanted

PREFIX = "harness"  # with what the names of figures begin
DRAWS, FEW_DRAWS = 1000, 100
SLOW = ("bleu", "chrf", "chrf++", "ter")  # a second for each draw; the harness draws 100 as well

Row = dict[str, Any]
Beat = Callable[[], None]
Name = tuple[str, str, str]  # task, metric, filter


@dataclass(frozen=True)
class Told:
    """`rows`: one for each document, with its values under the figures' names; `figures`: see EvaluateOptions."""

    rows: list[Row]
    figures: list[Row]


@dataclass
class _Values:
    """What each document of a task got from a metric, in the order of the documents."""

    formula: Callable[[Sequence[Any]], Any]
    items: list[Any] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    @property
    def is_mean(self) -> bool:
        return self.formula is mean and all(map(_is_number, self.items))


def told(answered: Answered, wanted: Wanted, beat: Beat) -> Told:
    """Rows and figures of all tasks and groups.

    Args:
        beat: called for each draw.
    """
    rows, values = _rows(answered.results["samples"], wanted)
    figures = [
        _figure(name, each, _direction(wanted.tasks[name[0]], name[1]), answered, beat)
        for name, each in values.items()
    ]
    for group in wanted.groups.values():
        figures += _group(group, answered, values, rows, beat)
    kept = [each for each in figures if math.isfinite(each["value"])]
    return Told(list(rows.values()), kept)


def figure_name(task: str, metric: str, chosen: str) -> str:
    """As `harness/gsm8k/exact_match/strict-match`; the filter is left out where a task has none."""
    return "/".join([PREFIX, task, metric, *([] if chosen == "none" else [chosen])])


def _rows(
    samples: Mapping[str, Iterable[Row]], wanted: Wanted
) -> tuple[dict[str, Row], dict[Name, _Values]]:
    rows: dict[str, Row] = {}
    values: dict[Name, _Values] = {}
    for task, told in samples.items():
        formulas = wanted.tasks[task].aggregation()
        for sample in told:
            key = _id_of(task, sample, wanted.digests[task])
            rows.setdefault(key, {"id": key, "group": sample["doc_hash"][:16]})
            for metric in sample["metrics"]:
                if metric == "bypass":  # the harness's word for "not scored"
                    continue
                name = (task, metric, sample["filter"])
                found = values.setdefault(name, _Values(formulas.get(metric, mean)))
                found.items.append(sample[metric])
                found.ids.append(key)
    for name, found in values.items():
        if found.is_mean:
            for key, value in zip(found.ids, found.items, strict=True):
                rows[key][figure_name(*name)] = float(value)
    return rows, values


def _id_of(task: str, sample: Row, digest: str) -> str:
    """Equal where the same document of the same task was asked in the same way."""
    asked = f"{digest}\0{sample['doc_hash']}\0{sample['target_hash']}"
    return f"{task}/{sample['doc_id']}/{hashlib.sha256(asked.encode()).hexdigest()[:12]}"


def _figure(
    name: Name, values: _Values, better: str, answered: Answered, beat: Beat
) -> Row:  # fmt: skip
    task, metric, chosen = name
    value = _number(answered.results["results"][task].get(f"{metric},{chosen}"))
    row = {"figure": figure_name(*name), "better": better, "value": value, "n": len(values.items)}
    if values.is_mean:
        return row
    return row | {"draws": _plain(_draws(metric, values, beat)), "set": _set_of(values.ids)}


def _group(
    group: Any, answered: Answered, values: Mapping[Name, _Values], rows: dict[str, Row], beat: Beat
) -> list[Row]:
    """A group's means over its tasks, as the harness weighs them."""
    found = []
    results = answered.results.get("groups", {}).get(group.name, {})
    tasks = [each.task_name for each in group.get_all_tasks()]
    for config in group.aggregate_metric_list or []:
        for key, value in results.items():
            metric, _, chosen = key.partition(",")
            if metric != config.metric or not chosen:
                continue
            leaves = {t: values[t, metric, chosen] for t in tasks if (t, metric, chosen) in values}
            figure = figure_name(group.name, metric, chosen)
            n = sum(len(each.items) for each in leaves.values())
            better = _BETTER[answered.results["higher_is_better"].get(group.name, {}).get(metric)]
            row = {"figure": figure, "better": better, "value": _number(value), "n": n}
            if config.weight_by_size and all(each.is_mean for each in leaves.values()):
                for each in leaves.values():
                    for at, item in zip(each.ids, each.items, strict=True):
                        rows[at][figure] = float(item)
            else:
                row |= _weighed(metric, leaves, n if config.weight_by_size else 0, beat)
            found.append(row)
    return found


def _weighed(metric: str, leaves: Mapping[str, _Values], n: int, beat: Beat) -> Row:
    """Draws of a mean over tasks: each by its size of `n` documents, or all alike for 0."""
    total = np.zeros(1)
    for each in leaves.values():
        weight = len(each.items) / n if n else 1 / len(leaves)
        total = total + weight * _draws(metric, each, beat)
    ids = [key for each in leaves.values() for key in each.ids]
    return {"draws": _plain(total), "set": _set_of(ids)}


def _draws(metric: str, values: _Values, beat: Beat) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The figure over documents drawn with replacement, again and again; NaN where it has none."""
    chance = np.random.default_rng(int(_set_of(values.ids), 16))
    n = len(values.items)
    found = []
    for _ in range(FEW_DRAWS if metric in SLOW else DRAWS):
        beat()
        drawn = chance.integers(0, n, size=n)
        try:
            found.append(_number(values.formula([values.items[at] for at in drawn])))
        except (ValueError, ArithmeticError):  # a formula may have no value of what was drawn
            found.append(math.nan)
    return np.array(found)


def _plain(draws: Iterable[float]) -> list[float | None]:
    return [round(float(each), 8) if math.isfinite(each) else None for each in draws]


def _set_of(ids: Sequence[str]) -> str:
    """Names the documents and their order: draws of two models are only paired where it is equal."""
    return hashlib.sha256("\0".join(ids).encode()).hexdigest()[:16]


def _direction(task: Any, metric: str) -> str:
    return _BETTER[(task.higher_is_better() or {}).get(metric)]


_BETTER = {True: "higher", False: "lower", None: "neither"}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number | np.bool_) and math.isfinite(value)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | np.number | np.bool_) else math.nan
