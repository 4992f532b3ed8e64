"""What a run tells about itself beside its figures: findings, rows as the model reads them, a forecast."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from evalhub.runs.models import TRAINING, Run
from training.contract import OPTIONS

KINDS = ("finding", "preview", "forecast", "probe")
GRAVITY = ("stops", "caution", "note")
LOOKED_AT = 10  # earlier runs


@dataclass(frozen=True)
class Forecast:
    """About how long the steps take. `runs`: earlier ones that it rests on; 0 where the run tried for itself."""

    seconds: float
    runs: int
    hardware: str
    peak_bytes: float | None = None
    memory_bytes: float | None = None
    batch_rows: int | None = None
    batch_tokens: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Told:
    """Findings, the gravest first, each code once; previews in the order of the file."""

    findings: list[dict[str, Any]] = field(default_factory=list)
    previews: list[dict[str, Any]] = field(default_factory=list)
    forecast: Forecast | None = None
    probe: list[dict[str, Any]] = field(
        default_factory=list
    )  # what was forgotten: all rows, then slices


def told_by(run: Run) -> Told:
    """From stored events; what a later attempt says again replaces what an earlier one said."""
    findings: dict[str, dict[str, Any]] = {}
    previews: dict[int, dict[str, Any]] = {}
    forecast: Forecast | None = None
    probe: list[dict[str, Any]] = []
    events = run.events.filter(kind__in=KINDS).order_by("attempt", "n")
    for kind, body in events.values_list("kind", "body"):
        if kind == "finding":
            # "noted": the sentences of runs from before there were codes
            key = body["code"] if body["code"] != "noted" else body["told"]
            findings[key] = body
        elif kind == "preview":
            previews[body["number"]] = body
        elif kind == "probe":
            probe = body["slices"]
        else:
            forecast = _tried(body)
    return Told(
        sorted(findings.values(), key=lambda each: GRAVITY.index(each["level"])),
        [previews[number] for number in sorted(previews)],
        forecast,
        probe,
    )


def forecast_of(run: Run, told: Told) -> Forecast | None:
    """Its own, else one by earlier runs of the recipe on the same base; None where there are none."""
    if told.forecast or run.recipe not in TRAINING or run.model is None:
        return told.forecast
    earlier = Run.objects.filter(workspace=run.workspace, recipe=run.recipe).exclude(metrics={})
    known = [
        each
        for each in earlier.select_related("model__parent").order_by("-pk")[:LOOKED_AT]
        if each.model is not None and each.model.base.pk == run.model.base.pk and _rows_read(each)
    ]
    rows = _planned(run)
    if not known or not rows:
        return None
    hardware = _hardware(known[0])
    alike = [each for each in known if _hardware(each) == hardware]
    cost = median(each.metrics["training_seconds"] / _rows_read(each) for each in alike)
    peaks = [each.metrics["peak_bytes"] for each in alike if "peak_bytes" in each.metrics]
    return Forecast(cost * rows, len(alike), hardware, max(peaks, default=None))


def _tried(body: dict[str, Any]) -> Forecast:
    names = ("seconds", "hardware", "peak_bytes", "memory_bytes", "batch_rows", "batch_tokens")
    return Forecast(runs=0, **{name: body[name] for name in names})


def _hardware(run: Run) -> str:
    return str(run.environment.get("device_hardware", ""))


def _rows_read(run: Run) -> float:
    """By all steps of a run that has ended; 0 where it did not say."""
    if "training_seconds" not in run.metrics:
        return 0.0
    return float(run.metrics.get("steps", 0)) * _step_rows(run)


def _planned(run: Run) -> float:
    """Rows that all steps will read."""
    options = run.spec.get("options", {})
    if options.get("max_steps"):
        return float(options["max_steps"]) * _step_rows(run)
    rows: int = sum(build.rows.get("train", 0) for build in run.learnt_builds)
    share, epochs = (float(options.get(name, _default(run, name))) for name in ("train_share", "epochs"))  # fmt: skip
    return rows * share * epochs


def _step_rows(run: Run) -> float:
    options = run.spec.get("options", {})
    return float(options.get("batch_size", _default(run, "batch_size"))) * float(
        options.get("accumulation", _default(run, "accumulation"))
    )


def _default(run: Run, name: str) -> float:
    return float(getattr(OPTIONS[run.recipe](), name))
