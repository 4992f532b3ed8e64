"""What a sweep's page, the API and the command show, from stored rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.jobs.choices import JobState
from evalhub.runs.beside import TEACHER, beside_of
from evalhub.runs.explained import SETTINGS
from evalhub.runs.models import Recipe
from evalhub.sweeps.models import PRUNED, Sweep, Try
from evalhub.sweeps.space import MODEL, SEED

Chart = dict[str, Any]  # for static/charts.js
ANSWERS = {
    "yes": "More data still helps: yes.",
    "no": "More data still helps: no.",
    "cannot tell": "More data still helps: cannot tell.",
}


@dataclass(frozen=True)
class Row:
    """A try as a line of the table; `told` has its settings in the order of the columns."""

    number: int
    run: Any  # a Run
    state: str
    note: str
    told: list[tuple[str, str]]  # setting and value
    figure: float | None
    is_best: bool


def tries_with_models(sweep: Sweep) -> list[Try]:
    tries = Try.objects.filter(sweep=sweep).select_related("run__job", "run__model", "run__output_model")  # fmt: skip
    return list(tries.order_by("number"))


def best_of(sweep: Sweep, tries: Sequence[Try]) -> Try | None:
    """The one with the best figure; of equal ones the first."""
    known = [(figure, try_) for try_ in tries if (figure := try_.figure(sweep.objective)) is not None]  # fmt: skip
    if not known:
        return None
    sign = -1 if sweep.goal.more_is_better else 1
    return min(known, key=lambda pair: sign * pair[0])[1]


def names_of(sweep: Sweep) -> list[str]:
    """What is searched, in the order in which the form of a run has it (JSON in the database keeps none)."""
    known = [MODEL, SEED, *(each.name for each in SETTINGS)]
    return sorted(sweep.space, key=known.index)


def searched(sweep: Sweep) -> list[tuple[str, str]]:
    """Each setting with its range or choices, in words."""
    return [(name, _dimension(name, sweep.space[name])) for name in names_of(sweep)]


def importance_of(sweep: Sweep) -> list[tuple[str, float]]:
    """The settings that matter most first; none while too little is known."""
    return sorted(sweep.findings.get("importance", {}).items(), key=lambda pair: -pair[1])


def at_an_end(sweep: Sweep, best: Try) -> list[str]:
    """Settings whose best value is an end of their range: a wider one may hold a better value."""
    ranges = {name: told for name in names_of(sweep) if "low" in (told := sweep.space[name])}
    return [
        name for name, told in ranges.items() if best.values[name] in (told["low"], told["high"])
    ]


def rows_of(sweep: Sweep, tries: Sequence[Try]) -> list[Row]:
    """In order of their number."""
    best = best_of(sweep, tries)
    return [
        Row(
            number=try_.number,
            run=try_.run,
            state=try_.state,
            note=_note(try_),
            told=[(name, _told(try_, name)) for name in names_of(sweep)],
            figure=try_.figure(sweep.objective),
            is_best=try_ is best and not sweep.is_curve,
        )
        for try_ in tries
    ]


def headline(sweep: Sweep, tries: Sequence[Try]) -> str:
    """The sentence that a page begins with."""
    if sweep.is_curve and "doubling" in sweep.findings and not sweep.is_running:
        return ANSWERS[sweep.findings["doubling"]["answer"]]
    best = best_of(sweep, tries)
    if best is None or sweep.is_curve:
        done = sum(try_.run.job.is_ended for try_ in tries)
        return f"{done} of {sweep.most_tries} tries have ended."
    told = ", ".join(f"{name} {_told(best, name)}" for name in names_of(sweep))
    return f"Best so far: {told}." if sweep.is_running else f"Best: {told}."


def sweep_summary(sweep: Sweep) -> dict[str, Any]:
    """For the API and for commands."""
    tries = tries_with_models(sweep)
    best = best_of(sweep, tries)
    return {
        "sweep": str(sweep.uid),
        "kind": sweep.kind,
        "recipe": sweep.recipe,
        "state": sweep.state,
        "error": sweep.error,
        "headline": headline(sweep, tries),
        "objective": sweep.objective,
        "sampler": sweep.sampler,
        "space": sweep.space,
        "options": sweep.options,
        "beside": sweep.beside,
        "label": sweep.label,
        "most_tries": sweep.most_tries,
        "tries": [_try_summary(sweep, try_) for try_ in tries],
        "best": _try_summary(sweep, best) if best and not sweep.is_curve else None,
        "findings": {name: value for name, value in sweep.findings.items() if name != "of"},
        "final": str(sweep.final.uid) if sweep.final else None,
    }


def beside_shown(sweep: Sweep) -> list[tuple[str, str]]:
    """What every try reads besides and who takes it, in words."""
    beside = beside_of(sweep.beside, sweep.workspace)
    found = [(name, str(build)) for name, build in beside.named().items()]
    if beside.teacher is not None:
        name = "reward model" if sweep.recipe == Recipe.RLOO else TEACHER
        found.append((name, str(beside.teacher)))
    return [*found, ("only on workers that offer", sweep.label)] if sweep.label else found


def history_chart(sweep: Sweep, tries: Sequence[Try]) -> Chart | None:
    """Each try's figure in order of number, and the best so far."""
    ended = [(try_, figure) for try_ in tries if (figure := try_.figure(sweep.objective)) is not None]  # fmt: skip
    if len(ended) < 2:
        return None
    choose = max if sweep.goal.more_is_better else min
    figures = [figure for _, figure in ended]
    best = [choose(figures[: nth + 1]) for nth in range(len(figures))]
    labels = [str(try_.number) for try_, _ in ended]
    return {
        "kind": "series",
        "axis": sweep.goal.label,
        "labels": labels,
        "series": [
            {"name": "each try", "mode": "markers", "points": _points(labels, figures)},
            {"name": "best so far", "points": _points(labels, best)},
        ],
    }


def parallel_chart(sweep: Sweep, tries: Sequence[Try]) -> Chart | None:
    """A line for each try across its settings to its figure; the figure decides the shade."""
    ended = [try_ for try_ in tries if try_.figure(sweep.objective) is not None]
    if len(ended) < 2:
        return None
    axes = [_axis(name, [try_.values[name] for try_ in ended], [_told(try_, name) for try_ in ended]) for name in names_of(sweep)]  # fmt: skip
    figures = [try_.figure(sweep.objective) for try_ in ended]
    axes.append(_axis(sweep.goal.label, figures, [f"{figure:.4g}" for figure in figures]))
    order = sorted(range(len(ended)), key=lambda nth: figures[nth] or 0.0, reverse=not sweep.goal.more_is_better)  # fmt: skip
    ranks = {nth: place / (len(ended) - 1) for place, nth in enumerate(order)}  # 1: the best
    return {
        "kind": "parallel",
        "axes": axes,
        "lines": [{"name": f"try {try_.number}", "rank": ranks[nth]} for nth, try_ in enumerate(ended)],
    }  # fmt: skip


def curve_chart(sweep: Sweep) -> Chart | None:
    """Figure by rows, with intervals over seeds."""
    points = sweep.findings.get("points", [])
    if len(points) < 2:
        return None
    labels = [f"{point['rows']:,} rows" for point in points]
    told = [{"label": label, **{key: point[key] for key in ("value", "low", "high")}} for label, point in zip(labels, points, strict=True)]  # fmt: skip
    return {"kind": "series", "axis": sweep.goal.label, "labels": labels, "series": [{"name": sweep.goal.label, "points": told}]}  # fmt: skip


def _axis(name: str, values: Sequence[Any], labels: Sequence[str]) -> dict[str, Any]:
    """Places 0 to 1 along an axis: numbers in order and evenly, so that no range crowds the others."""
    numbers = all(isinstance(value, int | float) for value in values)
    distinct = sorted(set(values)) if numbers else [*dict.fromkeys(values)]
    places = {value: nth / max(1, len(distinct) - 1) for nth, value in enumerate(distinct)}
    told = dict(zip(values, labels, strict=True))
    shown = [distinct[0], distinct[-1]] if len(distinct) > 6 else distinct
    return {
        "name": name,
        "places": [places[value] for value in values],
        "ticks": [{"at": places[value], "label": told[value]} for value in dict.fromkeys(shown)],
    }


def _points(labels: Sequence[str], values: Sequence[float]) -> list[dict[str, Any]]:
    return [{"label": label, "value": value, "low": None, "high": None} for label, value in zip(labels, values, strict=True)]  # fmt: skip


def _told(try_: Try, name: str) -> str:
    if name == MODEL:
        return str(try_.run.model)
    value = try_.values[name]
    if name == "train_share":
        return f"{100 * value:g} %"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _dimension(name: str, told: dict[str, Any]) -> str:
    if "choices" not in told:
        return f"{told['low']:g} to {told['high']:g}"
    if name == MODEL:
        return f"{len(told['choices'])} models"
    return ", ".join(
        f"{each:g}" if isinstance(each, float) else str(each) for each in told["choices"]
    )


def _note(try_: Try) -> str:
    job = try_.run.job
    if try_.state == PRUNED:
        return "behind the others half-way"
    if job.state == JobState.FAILED:
        return job.error
    if job.state == JobState.RUNNING and job.share_done is not None:
        return f"{100 * job.share_done:.0f} % done"
    return ""


def _try_summary(sweep: Sweep, try_: Try) -> dict[str, Any]:
    return {
        "number": try_.number,
        "run": str(try_.run.uid),
        "state": try_.state,
        "values": try_.values,
        sweep.objective: try_.figure(sweep.objective),
    }
