"""A stored comparison made ready to read: the sentence, the forest plot, the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.common.charts import Whisker, whisker
from evalhub.evaluation.figures import (
    ADAPTERS_ONLY,
    KINDS,
    in_order,
    interval,
    kind_of,
    p_in_words,
    written,
)
from evalhub.evaluation.models import Comparison


@dataclass(frozen=True)
class Line:
    """One figure of a comparison. The whisker points right where the candidate is better."""

    label: str
    baseline: str
    candidate: str
    difference: str
    interval: str
    smallest: str
    n: int
    verdict: str  # better, worse, no difference shown, or why there is nothing to hold it against
    whisker: Whisker | None
    p: str = ""  # of no difference, of this figure for itself; empty where nothing was tested


def lines_of(comparison: Comparison) -> list[Line]:
    return [_line(name, comparison.metrics[name]) for name in in_order(comparison.metrics)]


def people_lines(found: Mapping[str, Any]) -> list[Line]:
    """What people said, see `people.said_of`: each criterion, then how often the candidate is preferred."""
    lines = [_mean_line(each) for each in found["criteria"]]
    shares = (
        ("Preferred, ties as half", "wins"),
        ("The same at equal length", "wins_at_equal_length"),
    )
    told = [(label, found.get(name)) for label, name in shares]
    return lines + [
        _won_line(label, won) for label, won in told if won and won["value"] is not None
    ]


def _won_line(label: str, wins: Mapping[str, Any]) -> Line:
    ends = [None if wins[end] is None else wins[end] - 0.5 for end in ("low", "high")]
    share = {"difference": wins["value"] - 0.5, "low": ends[0], "high": ends[1]}
    told = "no interval"
    if ends[0] is not None:
        told = f"{wins['low'] * 100:.0f} to {wins['high'] * 100:.0f} %"
    return Line(
        label=label,
        baseline=f"{(1 - wins['value']) * 100:.0f} %",
        candidate=f"{wins['value'] * 100:.0f} %",
        difference="",
        interval=told,
        smallest="",
        n=wins["n"],
        verdict=_by_interval(share),
        whisker=_drawn(share, reach=0.5),
    )


def _mean_line(metric: Mapping[str, Any]) -> Line:
    low, high = metric["points"]
    told = "no interval"
    if metric["low"] is not None:
        told = f"{metric['low']:+.2f} to {metric['high']:+.2f}"
    return Line(
        label=f"{metric['name']}, {low} to {high} ({metric['rubric']})",
        baseline=f"{metric['baseline']:.2f}",
        candidate=f"{metric['candidate']:.2f}",
        difference=f"{metric['difference']:+.2f}",
        interval=told,
        smallest="" if metric["smallest"] is None else f"{metric['smallest']:.2f}",
        n=metric["n"],
        verdict=_by_interval(metric),
        whisker=_drawn(metric, reach=high - low),
    )


def _by_interval(metric: Mapping[str, Any]) -> str:
    if metric["low"] is None or metric["low"] <= 0 <= metric["high"]:
        return "no difference shown"
    return "better" if metric["low"] > 0 else "worse"


def _drawn(metric: Mapping[str, Any], *, reach: float) -> Whisker | None:
    if metric["low"] is None:
        return None
    return whisker(metric["low"], metric["difference"], metric["high"], reach=reach)


def sentence(comparison: Comparison) -> str:
    """What the comparison shows, in words and the two figures that decide."""
    others = [name for name in in_order(comparison.metrics) if name not in KINDS]
    shown = _clauses(comparison, _DECIDING) or _clauses(comparison, (*_ELSE, *others))[:2]
    if not shown:
        return "There was nothing to compare on this set."
    return f"Against {comparison.baseline.model}: {'; '.join(shown)}."


_DECIDING = ("preference_accuracy", "perplexity")
_ELSE = (  # where a benchmark has neither
    "choice_accuracy", "accuracy", "exact_match", "json_validity", "pattern_rate", "token_f1", "rougeL",
    "length",
)  # fmt: skip


def _clauses(comparison: Comparison, names: Sequence[str]) -> list[str]:
    words = [_clause(name, comparison.metrics.get(name)) for name in names]
    return [each for each in words if each]


def _clause(name: str, metric: Mapping[str, Any] | None) -> str:
    if metric is None or metric["difference"] is None:
        return ""
    label = kind_of(name).label.split(" (")[0]
    label = label.lower() if name in KINDS else label
    if metric["difference"] == 0:
        return f"{label} stayed at {written(name, metric['candidate'])}"
    change = (
        f"{label} went from {written(name, metric['baseline'])} to "
        f"{written(name, metric['candidate'])}"
    )
    verdict = _verdict(name, metric)
    if verdict == "no difference shown" and metric["smallest"] is not None:
        smallest = written(name, metric["smallest"], sign=True).lstrip("+")
        return f"{change}, which may be chance (this set can show differences from {smallest})"
    return f"{change} ({verdict})"


def _line(name: str, metric: Mapping[str, Any]) -> Line:
    return Line(
        label=kind_of(name).label,
        baseline=written(name, metric["baseline"]),
        candidate=written(name, metric["candidate"]),
        difference=written(name, metric["difference"], sign=True),
        interval=interval(name, metric, sign=True),
        smallest=written(name, metric["smallest"], sign=True).lstrip("+"),
        n=metric["n"],
        verdict=_verdict(name, metric),
        whisker=_whisker(name, metric),
        p=p_in_words(metric.get("p")),
    )


def _verdict(name: str, metric: Mapping[str, Any]) -> str:
    low, high = metric["low"], metric["high"]
    if metric["baseline"] is None:
        return "adapters only" if name in ADAPTERS_ONLY else "not measured on the baseline"
    if low is None or low <= 0 <= high:
        return "no difference shown"
    better = kind_of(name, metric).better
    if better == "neither":
        return "different"
    rises = low > 0
    return "better" if rises == (better == "higher") else "worse"


def _whisker(name: str, metric: Mapping[str, Any]) -> Whisker | None:
    if metric["low"] is None:
        return None
    low, value, high = metric["low"], metric["difference"], metric["high"]
    if kind_of(name, metric).better == "lower":
        low, value, high = -high, -value, -low
    reach = max(abs(low), abs(high), metric["smallest"] or 0.0) or 1.0
    return whisker(low, value, high, reach=reach)
