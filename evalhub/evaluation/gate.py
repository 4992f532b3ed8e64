"""Whether a candidate may replace the incumbent: the rule, and its reason in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GAIN, COST = "preference_accuracy", "perplexity"
Figures = Mapping[str, Mapping[str, Any]]  # metrics of a Comparison


@dataclass(frozen=True)
class Gate:
    """Promote when the gain in preference accuracy is certain and the loss of fluency is small."""

    most_perplexity_ratio: float = 1.05
    fewest_groups: int = 5  # an interval over fewer prompt groups says nothing


@dataclass(frozen=True)
class Verdict:
    promote: bool
    reason: str


def judge(*, baseline: Figures, incumbent: Figures | None, gate: Gate) -> Verdict:
    """Decide from the comparisons with the baseline and, where there is one, the incumbent.

    Promote when the paired interval of the gain over the baseline lies above 0, perplexity is at
    most 5 % worse than either's, and the candidate is not surely worse than the incumbent.
    """
    against = {"baseline": baseline} | ({"incumbent": incumbent} if incumbent is not None else {})
    faults = [fault for fault in (_no_gain(baseline, gate), _setback(incumbent)) if fault]
    for name, figures in against.items():
        if fault := _too_dear(figures, name, gate):
            faults.append(fault)
    if faults:
        return Verdict(promote=False, reason="Refused: " + "; ".join(faults) + ".")
    others = "; ".join(_price(figures, name) for name, figures in against.items())
    return Verdict(promote=True, reason=f"Promoted: {_gain(baseline[GAIN])}; {others}.")


def _no_gain(figures: Figures, gate: Gate) -> str:
    gain = figures.get(GAIN)
    if gain is None or gain["difference"] is None:
        return "there are no judged pairs in the test split, so a gain cannot be shown"
    if gain["low"] is None or gain["groups"] < gate.fewest_groups:
        return (
            f"the test split has pairs of only {gain['groups']} prompt groups (at least "
            f"{gate.fewest_groups} are needed to tell a gain from chance)"
        )
    return "" if gain["low"] > 0 else f"{_gain(gain)}, which does not lie above 0"


def _setback(figures: Figures | None) -> str:
    gain = figures.get(GAIN) if figures else None
    if gain is None or gain["high"] is None or gain["high"] >= 0:
        return ""
    return f"against the incumbent {_gain(gain)}, which lies below 0"


def _too_dear(figures: Figures, name: str, gate: Gate) -> str:
    cost = figures.get(COST)
    if cost is None or not cost["baseline"] or cost["candidate"] is None:
        return f"perplexity was not measured beside the {name}'s, so its price is not known"
    if cost["candidate"] <= gate.most_perplexity_ratio * cost["baseline"]:
        return ""
    allowed = round((gate.most_perplexity_ratio - 1) * 100)
    return f"{_price(figures, name)} (at most {allowed} % worse is allowed)"


def _gain(gain: Mapping[str, Any]) -> str:
    points = gain["difference"] * 100
    interval = f"{gain['low'] * 100:+.0f} to {gain['high'] * 100:+.0f}"
    return (
        f"preference accuracy went from {gain['baseline'] * 100:.0f} to "
        f"{gain['candidate'] * 100:.0f} % on {gain['n']} pairs "
        f"({points:+.0f} points, 95 % interval {interval})"
    )


def _price(figures: Figures, name: str) -> str:
    cost = figures[COST]
    change = round((cost["candidate"] / cost["baseline"] - 1) * 100, 1)
    told = f"{abs(change)} % {'worse' if change > 0 else 'better'}" if change else "unchanged"
    return (
        f"perplexity is {cost['candidate']:.2f} beside the {name}'s {cost['baseline']:.2f} ({told})"
    )
