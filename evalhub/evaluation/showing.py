"""The parts of a comparison's page that are chosen from: its slices, its examples, and its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from evalhub.common.charts import Whisker, whisker
from evalhub.common.spreadsheets import csv_lines
from evalhub.evaluation.figures import in_order, interval, kind_of, p_in_words, written
from evalhub.evaluation.models import Comparison

SURE = 0.05
MOST = 20  # examples on a page
HEADING = 200  # characters of a prompt over its answers
CHANGE = "change"

Metric = Mapping[str, Any]


@dataclass(frozen=True)
class SliceLine:
    """One slice. The whisker points right where the candidate is better; all share one scale."""

    slice: str
    baseline: str
    candidate: str
    difference: str
    interval: str
    n: int
    corrected: str  # after Holm; empty where nothing was tested
    verdict: str  # better, worse, different, no difference shown
    whisker: Whisker | None


@dataclass(frozen=True)
class Turn:
    role: str  # empty of a prompt that is a text to be written on
    content: str


@dataclass(frozen=True)
class Example:
    """Two answers, and what the figure that they are sorted by says of each alone."""

    body: Mapping[str, Any]
    told: str

    @property
    def turns(self) -> list[Turn]:
        prompt = self.body["prompt"]
        if isinstance(prompt, str):
            return [Turn("", prompt)] if prompt else []
        return [Turn(each["role"], each.get("content") or "") for each in prompt]

    @property
    def asked(self) -> str:
        """What was said last."""
        return self.turns[-1].content if self.turns else ""

    @property
    def is_longer(self) -> bool:
        """Whether a heading cannot hold the prompt."""
        return len(self.turns) > 1 or len(self.asked) > HEADING


@dataclass(frozen=True)
class Order:
    """How examples may be sorted; `name` stands in the URL."""

    name: str
    label: str


def label_of(figure: str) -> str:
    return kind_of(figure).label


def direction_of(
    figure: str, metric: Metric | None = None
) -> Literal["higher", "lower", "neither"]:
    """Of somebody else's figure it stands in `metric`, as it was stored."""
    return kind_of(figure, metric).better


def figures_by_slice(comparison: Comparison) -> list[str]:
    """The figures that some slice has a difference of, in the order of the table above."""
    told = [each["metrics"] for each in comparison.by_slice.get("slices", ())]
    found = {
        name
        for metrics in told
        for name, metric in metrics.items()
        if metric["difference"] is not None
    }
    return in_order(found)


def slice_lines(comparison: Comparison, figure: str) -> list[SliceLine]:
    rows = [
        (each["slice"], each["metrics"][figure])
        for each in comparison.by_slice.get("slices", ())
        if figure in each["metrics"]
    ]
    ends = [abs(metric[end]) for _, metric in rows for end in ("low", "high") if metric[end]]
    reach = max(ends, default=1.0)
    return [_slice_line(name, figure, metric, reach) for name, metric in rows]


def slices_in_words(lines: list[SliceLine], figure: str) -> str:
    """Which slices differ after correction, or that none does."""
    told = []
    for verdict in ("worse", "better", "different"):
        if names := [each.slice for each in lines if each.verdict == verdict]:
            told.append(f"{verdict} on {', '.join(names)}")
    if not told:
        return f"{label_of(figure)}: no slice of {len(lines)} shows a difference that many tests allow."
    return f"{label_of(figure)}: {'; '.join(told)}; of {len(lines)} slices."


def orders_of(comparison: Comparison) -> list[Order]:
    """By the change of text, and by the gains and losses of each figure that single answers have."""
    found = {name for each in comparison.examples for name in each.get("values", ())}
    orders = [Order(CHANGE, "Most changed")]
    for name in in_order(found):
        neither = direction_of(name, comparison.metrics.get(name)) == "neither"
        up, down = ("rises", "falls") if neither else ("gains", "losses")
        orders.append(Order(f"{name}-gains", f"{label_of(name)}: largest {up}"))
        orders.append(Order(f"{name}-losses", f"{label_of(name)}: largest {down}"))
    return orders


def examples_by(comparison: Comparison, order: str) -> list[Example]:
    """The first of them; what a figure left as it was is no gain and no loss."""
    if order == CHANGE:
        return [
            Example(each, f"{each['change'] * 100:.0f} % of the text changed" if "change" in each else "")
            for each in comparison.examples[:MOST]
        ]  # fmt: skip
    figure, _, which = order.rpartition("-")
    sign = -1 if direction_of(figure, comparison.metrics.get(figure)) == "lower" else 1
    sign = sign if which == "gains" else -sign
    found = []
    for each in comparison.examples:
        before, after = each.get("values", {}).get(figure, (0.0, 0.0))
        if (gain := sign * (after - before)) > 0:
            told = f"{written(figure, before)} became {written(figure, after)}"
            found.append((gain, Example(each, f"{label_of(figure)}: {told}")))
    found.sort(key=lambda pair: -pair[0])
    return [example for _, example in found[:MOST]]


HEAD = (
    "figure", "better", "slice", "baseline", "candidate", "difference", "low", "high", "smallest",
    "n", "groups", "p", "p_corrected",
)  # fmt: skip


def csv_text(comparison: Comparison) -> Iterator[str]:
    """Every figure a line: of all rows first, then of each slice."""
    return csv_lines(HEAD, _csv_rows(comparison))


def _csv_rows(comparison: Comparison) -> Iterator[list[object]]:
    parts = [("", comparison.metrics)]
    parts += [(each["slice"], each["metrics"]) for each in comparison.by_slice.get("slices", ())]
    for name, metrics in parts:
        for figure in in_order(metrics):
            metric = metrics[figure]
            told = [metric.get(column) for column in (*HEAD[3:-1], "corrected")]
            yield [figure, direction_of(figure, metric), name, *told]


def _slice_line(name: str, figure: str, metric: Metric, reach: float) -> SliceLine:
    corrected = metric.get("corrected")
    return SliceLine(
        slice=name,
        baseline=written(figure, metric["baseline"]),
        candidate=written(figure, metric["candidate"]),
        difference=written(figure, metric["difference"], sign=True),
        interval=interval(figure, metric, sign=True),
        n=metric["n"],
        corrected=p_in_words(corrected),
        verdict=_verdict(figure, metric),
        whisker=_whisker(figure, metric, reach),
    )


def _verdict(figure: str, metric: Metric) -> str:
    corrected = metric.get("corrected")
    if corrected is None or corrected >= SURE:
        return "no difference shown"
    direction = direction_of(figure, metric)
    if direction == "neither":
        return "different"
    return "better" if (metric["difference"] > 0) == (direction == "higher") else "worse"


def _whisker(figure: str, metric: Metric, reach: float) -> Whisker | None:
    if metric["low"] is None:
        return None
    low, value, high = metric["low"], metric["difference"], metric["high"]
    if direction_of(figure, metric) == "lower":
        low, value, high = -high, -value, -low
    return whisker(low, value, high, reach=reach)
