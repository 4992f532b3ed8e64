"""What the trainer tells of all rows together; figures with intervals are made of the rows elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.metrics import overlap
from training.metrics.pairs import share_won

SIDES = ("chosen", "rejected")


def accuracies(columns: Mapping[str, Sequence[float]], *, adapter: bool) -> dict[str, float]:
    per_token = [
        [logp / n for logp, n in zip(columns[f"{name}_logp"], columns[f"{name}_tokens"], strict=True)]
        for name in SIDES
    ]  # fmt: skip
    found = {
        "preference_accuracy": share_won(*per_token),
        "preference_accuracy_sum": share_won(columns["chosen_logp"], columns["rejected_logp"]),
    }  # fmt: skip
    if adapter:
        gains = [
            [ours - base for ours, base in zip(columns[f"{name}_logp"], columns[f"base_{name}_logp"], strict=True)]
            for name in SIDES
        ]  # fmt: skip
        found["preference_accuracy_implicit"] = share_won(*gains)
    return found


def likeness(found: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Over rows with a reference; none given means no figure, not 0."""
    compared = [row for row in found if "bleu" in row]
    if not compared:
        return {"references": 0.0}
    means = {name: sum(row[name] for row in compared) / len(compared) for name in overlap.ROUGES}
    return {
        "references": float(len(compared)),
        **means,
        "bleu": overlap.corpus_bleu([row["bleu"] for row in compared]),
        "chrf": overlap.corpus_chrf([row["chrf"] for row in compared]),
    }
