"""Two to eight runs beside each other: in what they differ, what came out, and what they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evalhub.common.charts import Overlay, overlaid_chart
from evalhub.runs.costs import RunCost, Sum, cost_of, sum_of
from evalhub.runs.models import Run
from evalhub.runs.queries import (
    FIRST,
    Answer,
    Sampled,
    Series,
    builds_of,
    curves_of,
    samples_of,
    settings_of,
)
from evalhub.runs.telling import told_by

MOST_POINTS = 300  # of a line; more cannot be told apart on a page
MOST_PROMPTS = 8
FORGOTTEN = "probe_loss_rise"


@dataclass(frozen=True)
class Figure:
    """A figure of one run; the interval is None where nobody worked one out."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        interval = "" if self.low is None or self.high is None else f" [{in_digits(self.low)}, {in_digits(self.high)}]"  # fmt: skip
        return f"{in_digits(self.value)}{interval}"


def in_digits(value: float) -> str:
    """Four digits that count, and all of a large number: a small one never reads as 0.

    >>> in_digits(0.0000051234), in_digits(0.5), in_digits(1234567.8)
    ('5.123e-06', '0.5', '1,234,568')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


@dataclass(frozen=True)
class Line:
    """A name, and of each run in order its value; None where it has none."""

    name: str
    values: list[Any]  # settings are JSON; figures are Figure | None


@dataclass(frozen=True)
class Curve:
    """Of each run in order its points, at most MOST_POINTS; None where it tells no such thing."""

    name: str
    points: list[list[tuple[float, float]] | None]

    @property
    def ends(self) -> list[Figure | None]:
        return [Figure(each[-1][1]) if each else None for each in self.points]

    @property
    def chart(self) -> Overlay:
        return overlaid_chart(self.name, self.points)


@dataclass(frozen=True)
class Asked:
    """A fixed prompt, and of each run in order what it answered last."""

    prompt: str
    asked: str
    answers: list[Answer | None]


@dataclass(frozen=True)
class RunComparison:
    runs: list[Run]
    differs: list[Line]  # settings, models and builds, environment; what all share is left out
    figures: list[Line]
    curves: list[Curve]
    samples: list[Asked]
    total: Sum

    def as_json(self) -> dict[str, Any]:
        return {
            "runs": [
                {"run": str(run.uid), "title": run.job.title, "recipe": run.recipe, "state": run.job.state}
                for run in self.runs
            ],
            "differs": {line.name: line.values for line in self.differs},
            "figures": {
                line.name: [asdict(each) if each else None for each in line.values]
                for line in self.figures
            },
            "curves": {curve.name: curve.points for curve in self.curves},
            "samples": [asdict(each) for each in self.samples],
            "total": asdict(self.total) | {"money": None if self.total.money is None else str(self.total.money)},
        }  # fmt: skip


def compare(runs: Sequence[Run]) -> RunComparison:
    costs = [cost_of(run) for run in runs]
    return RunComparison(
        runs=list(runs),
        differs=_differing([_asked_of(run) for run in runs]),
        figures=_figures(list(map(_figures_of, runs, costs))),
        curves=_curves([curves_of(run) for run in runs]),
        total=sum_of(runs, costs),
        samples=_samples([{each.prompt: each for each in samples_of(run)} for run in runs]),
    )


def _asked_of(run: Run) -> dict[str, Any]:
    """All that was decided before it began, then what it ran on."""
    builds = {
        name: f"{build.dataset} {build.digest[:12]}".strip() for name, build in builds_of(run)
    }
    libraries = run.environment.get("libraries", {})
    where = {
        name: run.environment[name]
        for name in ("device_hardware", "dtype", "code")
        if name in run.environment
    }
    return {
        "recipe": run.recipe,
        "model": str(run.model) if run.model else None,
        **builds,
        **{setting.name: setting.value for setting in settings_of(run)},
        **where,
        **libraries,
        **{f"plug-in {name}": told for name, told in run.environment.get("plugins", {}).items()},
    }


def _differing(asked: Sequence[dict[str, Any]]) -> list[Line]:
    names = dict.fromkeys(name for each in asked for name in each)
    lines = [Line(name, [each.get(name) for each in asked]) for name in names]
    return [line for line in lines if any(value != line.values[0] for value in line.values)]


def _figures_of(run: Run, cost: RunCost) -> dict[str, Figure]:
    found = {name: Figure(value) for name, value in run.metrics.items() if value is not None}
    for name, told in run.measured.items():
        if told.get("value") is not None:
            found[name] = Figure(told["value"], told.get("low"), told.get("high"))
    if probe := told_by(run).probe:
        found[FORGOTTEN] = Figure(probe[0]["rise"], probe[0]["low"], probe[0]["high"])
    if cost.device_seconds is not None:
        found["device_seconds"] = Figure(cost.device_seconds)
    if cost.money is not None and cost.price:
        found[f"device_cost_{cost.price.currency}"] = Figure(float(cost.money))
    if cost.labour and cost.labour.minutes is not None:
        found["annotator_minutes"] = Figure(cost.labour.minutes)
    return found


def _figures(told: Sequence[dict[str, Figure]]) -> list[Line]:
    names = sorted({name for each in told for name in each})
    return [Line(name, [each.get(name) for each in told]) for name in names]


def _curves(told: Sequence[list[Series]]) -> list[Curve]:
    by_name = [{series.name: series.points for series in each} for each in told]
    names = sorted({name for each in by_name for name in each})
    names.sort(key=lambda name: name not in FIRST)
    return [
        Curve(name, [_thinned(each[name]) if name in each else None for each in by_name])
        for name in names
    ]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Evenly, with the first and the last."""
    if len(points) <= MOST_POINTS:
        return points
    step = (len(points) - 1) / (MOST_POINTS - 1)
    return [points[round(nth * step)] for nth in range(MOST_POINTS)]


def _samples(told: Sequence[dict[str, Sampled]]) -> list[Asked]:
    """What most runs were asked comes first."""
    counts: dict[str, int] = {}
    for each in told:
        for prompt in each:
            counts[prompt] = counts.get(prompt, 0) + 1
    prompts = sorted(counts, key=lambda prompt: -counts[prompt])[:MOST_PROMPTS]
    return [
        Asked(
            prompt,
            next(each[prompt].asked for each in told if prompt in each),
            [each[prompt].answers[0] if prompt in each else None for each in told],
        )
        for prompt in prompts
    ]
