"""Metrics of somebody's own: a function in an installed package, named by an entry point.

In the package's pyproject.toml

    [project.entry-points."evalhub.metrics"]
    politeness = "my_package.polite:share_of_thanks"

and the figure is called `plugin_politeness`; an attribute `better` of the function says which way is
better. docs/help/evaluation.md has an example.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from training.environment import METRICS
from training.errors import InputError

PREFIX = "plugin_"
DIRECTIONS = ("higher", "lower", "neither")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class AnswerMetric(Protocol):
    """One number for each answer, of which the figure is the mean.

    It may have an attribute `better`, "higher" or "lower", without which neither is, and no gate can ask
    for the figure.
    """

    def __call__(
        self, answers: Sequence[str], references: Sequence[str | None]
    ) -> Sequence[float | None]:
        """Called once with all answers of an evaluation, in the order of the rows.

        Returns:
            As many values as answers; None where nothing can be said, which is left out and not 0.
            A value must hang on its own answer and reference alone: rows are drawn anew for intervals.
        """


def installed() -> dict[str, AnswerMetric]:
    """Every plug-in by its name, in order.

    Raises:
        InputError: one has a strange name, or cannot be imported.
    """
    found = sorted(entry_points(group=METRICS), key=lambda each: each.name)
    return {each.name: _loaded(each) for each in found}


def directions(plugins: Mapping[str, AnswerMetric]) -> list[dict[str, str]]:
    """Which way is better, as a line of figures.jsonl for each."""
    return [
        {"figure": f"{PREFIX}{name}", "better": _direction(each)} for name, each in plugins.items()
    ]


def values_of(
    plugins: Mapping[str, AnswerMetric],
    answers: Sequence[str],
    references: Sequence[str | None],
) -> list[dict[str, float]]:
    """For each answer the values under their figures' names; what a plug-in leaves open is not there.

    Raises:
        InputError: a plug-in fails, or gives other than one number or None for each answer.
    """
    rows: list[dict[str, float]] = [{} for _ in answers]
    for name, plugin in plugins.items():
        for row, value in zip(rows, _asked(name, plugin, answers, references), strict=True):
            if value is not None:
                row[f"{PREFIX}{name}"] = float(value)
    return rows


def _asked(
    name: str, plugin: AnswerMetric, answers: Sequence[str], references: Sequence[str | None]
) -> list[float | None]:
    try:
        values = list(plugin(list(answers), list(references)))
    except Exception as error:  # somebody else's code may raise anything, and is named for it
        raise InputError(
            f"The metric plug-in {name!r} failed ({type(error).__name__}: {error}); mend its package, or "
            "uninstall it."
        ) from error
    if len(values) != len(answers) or not all(map(_is_value, values)):
        raise InputError(
            f"The metric plug-in {name!r} must give a finite number or None for each of the {len(answers)} "
            "answers, and does not; mend its package, or uninstall it."
        )
    return values


def _is_value(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def _loaded(point: EntryPoint) -> AnswerMetric:
    if not _NAME.fullmatch(point.name):
        raise InputError(
            f"A metric plug-in is called {point.name!r} ({point.value}), but its name must be small letters, "
            "digits and _, at most 40; rename it in its package, or uninstall it."
        )
    try:
        loaded: AnswerMetric = point.load()
    except Exception as error:  # importing somebody else's code may raise anything
        raise InputError(
            f"The metric plug-in {point.name!r} ({point.value}) cannot be imported ({error}); mend its "
            "package, or uninstall it."
        ) from error
    if _direction(loaded) not in DIRECTIONS:
        raise InputError(
            f"The metric plug-in {point.name!r} ({point.value}) says that {_direction(loaded)!r} is better, but "
            f"`better` must be one of {', '.join(DIRECTIONS)}; mend its package, or uninstall it."
        )
    return loaded


def _direction(plugin: AnswerMetric) -> str:
    return str(getattr(plugin, "better", "neither"))
