"""Figures over labels: by hand, and equal to scikit-learn's on random answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from evalhub.stats.labels import confusion, label_sums, macro_f1, macro_precision, macro_recall

LABELS = ["a", "b", "c", "d"]


def sums_of(right: list[str], said: list[str | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    rows = [label_sums(*pair, LABELS) for pair in zip(right, said, strict=True)]
    return np.array(rows).sum(axis=0, keepdims=True)


def test_macro_figures_by_hand() -> None:
    """a: said 2, one rightly, right 1; b: said 1, rightly, right 2. Nobody says or means c and d.

    Precision (1/2 + 1) / 2, recall (1 + 1/2) / 2, F1 2/3 each.
    """
    sums = sums_of(["a", "b", "b"], ["a", "a", "b"])
    assert macro_precision(sums)[0] == pytest.approx(0.75)
    assert macro_recall(sums)[0] == pytest.approx(0.75)
    assert macro_f1(sums)[0] == pytest.approx(2 / 3)
    assert confusion([("a", None), ("b", "a")], ["a", "b"]) == [[0, 0, 1], [1, 0, 0]]


def test_no_row_is_no_figure() -> None:
    assert np.isnan(macro_f1(np.zeros((1, 12))))[0]


@pytest.mark.parametrize("seed", range(8))
def test_they_are_scikit_learns(seed: int) -> None:
    """Answers of four labels in uneven shares, now and then none; few rows, so that some never occur."""
    chance = np.random.default_rng(seed)
    count = 6 + 30 * (seed % 3)
    right = [str(each) for each in chance.choice(LABELS, count, p=[0.6, 0.3, 0.08, 0.02])]
    drawn = [str(each) for each in chance.choice([*LABELS, "none"], count)]
    said = [r if lucky else d for r, d, lucky in zip(right, drawn, chance.random(count) < 0.5, strict=True)]  # fmt: skip
    occurring = sorted(({*right} | {*said}) - {"none"})
    wanted = precision_recall_fscore_support(
        right, said, labels=occurring, average="macro", zero_division=0
    )
    sums = sums_of(right, [None if each == "none" else each for each in said])
    found = [macro_precision(sums)[0], macro_recall(sums)[0], macro_f1(sums)[0]]
    assert found == pytest.approx(wanted[:3])
    hits = sums[0, : len(LABELS)].sum()
    assert hits / count == pytest.approx(accuracy_score(right, said))
    pairs = [(r, None if s == "none" else s) for r, s in zip(right, said, strict=True)]
    theirs = confusion_matrix(right, said, labels=[*LABELS, "none"])
    assert confusion(pairs, LABELS) == theirs[: len(LABELS)].tolist()
