"""How each figure is called and written for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Kind:
    label: str
    better: Literal["higher", "lower", "neither"]
    is_share: bool = False  # shown in percent
    digits: int = 2


KINDS = {
    "preference_accuracy": Kind("Preference accuracy (per token)", "higher", is_share=True),
    "preference_accuracy_sum": Kind("Preference accuracy (sum)", "higher", is_share=True),
    "implicit_reward_accuracy": Kind("Implicit-reward accuracy", "higher", is_share=True),
    "perplexity": Kind("Perplexity", "lower"),
    "loss": Kind("Loss per token (nats)", "lower", digits=3),
    "rouge1": Kind("ROUGE-1", "higher", digits=3),
    "rouge2": Kind("ROUGE-2", "higher", digits=3),
    "rougeL": Kind("ROUGE-L", "higher", digits=3),
    "bleu": Kind("BLEU", "higher", digits=1),
    "chrf": Kind("chrF", "higher", digits=1),
    "length": Kind("Length (tokens)", "neither", digits=1),
    "end_of_text_rate": Kind("Answers that end by themselves", "higher", is_share=True),
}


def written(name: str, value: float | None, *, sign: bool = False) -> str:
    """One value for a person: "61.2 %", "+0.35"; a dash where there is none."""
    if value is None:
        return "–"
    kind = KINDS[name]
    mark = "+" if sign else ""
    if kind.is_share:
        return f"{value * 100:{mark}.1f}" + (" points" if sign else " %")
    return f"{value:{mark}.{kind.digits}f}"


def interval(name: str, metric: Mapping[str, Any], *, sign: bool = False) -> str:
    if metric["low"] is None:
        return "no interval"
    low, high = written(name, metric["low"], sign=sign), written(name, metric["high"], sign=sign)
    if KINDS[name].is_share:
        low = low.split(" ")[0]
    return f"{low} to {high}"


def said(name: str, metric: Mapping[str, Any]) -> str:
    """Value, interval and n in one phrase: "61.2 % (53.0 to 69.1 %, n = 120)"."""
    if not metric["n"]:
        return "not measured (n = 0)"
    return f"{written(name, metric['value'])} ({interval(name, metric)}, n = {metric['n']})"
