"""What a row of an evaluation says about a figure: the numbers that are summed, None where it says nothing.

Needs numpy: workers import this, pages never do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from evalhub.stats.labels import label_sums
from evalhub.stats.preferences import agreement, implicit_reward, per_token

Row = dict[str, Any]  # one JSON line of the evaluate recipe; see EvaluateOptions


def sums_of(*names: str) -> Callable[[Row], list[float] | None]:
    def numbers(row: Row) -> list[float] | None:
        values = [row.get(name) for name in names]
        return None if None in values else [float(value) for value in values if value is not None]

    return numbers


def mean_of(name: str) -> Callable[[Row], list[float] | None]:
    def numbers(row: Row) -> list[float] | None:
        return None if row.get(name) is None else [float(row[name]), 1.0]

    return numbers


def listed(name: str) -> Callable[[Row], list[float] | None]:
    def numbers(row: Row) -> list[float] | None:
        return [float(each) for each in row[name]] if row.get(name) else None

    return numbers


def stopped(row: Row) -> list[float] | None:
    """Of a server's answer it may not be known."""
    return [float(row["finish"] == "stop"), 1.0] if row["finish"] else None


def by_label(row: Row) -> list[float] | None:
    """Read from the answer."""
    return label_sums(row["label"], row["said_label"], row["labels"]) if "labels" in row else None


def by_likely_label(row: Row) -> list[float] | None:
    """The likeliest label."""
    if "labels" not in row:
        return None
    labels = row["labels"]
    return label_sums(labels[row["right"]], labels[int(np.argmax(row["logps"]))], labels)


def named_rightly(row: Row) -> list[float] | None:
    return [float(row["label"] == row["said_label"]), 1.0] if "labels" in row else None


def likeliest_label(row: Row) -> list[float] | None:
    return _likeliest(row) if "labels" in row else None


def likeliest_choice(row: Row) -> list[float] | None:
    return None if "labels" in row else _likeliest(row)


def likeliest_choice_per_token(row: Row) -> list[float] | None:
    if "labels" in row:
        return None
    means = [logp / tokens for logp, tokens in zip(row["logps"], row["tokens"], strict=True)]
    return _likeliest({**row, "logps": means})


def _likeliest(row: Row) -> list[float]:
    return [float(int(np.argmax(row["logps"])) == row["right"]), 1.0]


def _agreement(chosen: float | None, rejected: float | None) -> list[float] | None:
    if chosen is None or rejected is None or np.isnan(chosen) or np.isnan(rejected):
        return None
    return [float(agreement(np.array([chosen]), np.array([rejected]))[0]), 1.0]


def by_given_reward(row: Row) -> list[float] | None:
    """Of a reward model: whether chosen gets more; equal counts one half."""
    if "chosen_reward" not in row:
        return None
    return _agreement(row["chosen_reward"], row["rejected_reward"])


def by_token(row: Row) -> list[float] | None:
    if "chosen_logp" not in row:
        return None
    chosen, rejected = (
        float(per_token(np.array([row[f"{side}_logp"]]), np.array([row[f"{side}_tokens"]]))[0])
        for side in ("chosen", "rejected")
    )
    return _agreement(chosen, rejected)


def by_sum(row: Row) -> list[float] | None:
    if "chosen_logp" not in row:
        return None
    return _agreement(row["chosen_logp"], row["rejected_logp"])


def by_reward(row: Row) -> list[float] | None:
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
