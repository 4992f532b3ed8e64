"""The settings of the next try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.jobs.choices import JobState
from evalhub.sweeps.choices import Sampler
from evalhub.sweeps.models import Sweep, Try
from evalhub.sweeps.space import Range, Space, as_option, between, grid_of

FINEST = 64  # how many times finer than the first points


def next_values(
    sweep: Sweep, space: Space, tries: Sequence[Try], courses: Mapping[int, Mapping[int, float]]
) -> dict[str, Any] | None:
    """None: nothing more for now, or for good when no try is under way."""
    if sweep.sampler == Sampler.GRID:
        return _unseen(grid_of(space, seed=sweep.seed), still_count(sweep, tries))
    if sweep.sampler == Sampler.REFINE:
        (name, dimension), *_ = space.items()
        if not isinstance(dimension, Range):
            raise TypeError(f"{name} is no range")
        return _finer(sweep, name, dimension, tries)
    from evalhub.sweeps import asking  # only who asks pays for Optuna

    return asking.asked(sweep, space, tries, courses)


def still_count(sweep: Sweep, tries: Sequence[Try]) -> list[Try]:
    """Without those that were cancelled before it last went on: they are made again."""
    return [
        try_
        for nth, try_ in enumerate(tries)
        if nth >= sweep.known_before or try_.state != JobState.CANCELLED
    ]


def _unseen(wanted: Sequence[dict[str, Any]], tries: Sequence[Try]) -> dict[str, Any] | None:
    seen = [try_.values for try_ in tries]
    return next((values for values in wanted if values not in seen), None)


def _finer(
    sweep: Sweep, name: str, dimension: Range, tries: Sequence[Try]
) -> dict[str, Any] | None:
    """Even points first; when all of them have ended, those half-way beside the best, and so on."""
    places = [nth / (dimension.points - 1) for nth in range(dimension.points)]
    step = 1 / (dimension.points - 1)
    while True:
        wanted = [{name: as_option(name, between(name, dimension, place))} for place in places]
        if (unseen := _unseen(wanted, tries)) is not None:
            return unseen
        ended = {try_.values[name]: try_.figure(sweep.objective) for try_ in tries if try_.run.job.is_ended}  # fmt: skip
        if any(values[name] not in ended for values in wanted):
            return None  # one is under way that may be the best
        figures = [(figure, place) for values, place in zip(wanted, places, strict=True) if (figure := ended[values[name]]) is not None]  # fmt: skip
        step /= 2
        if not figures or step * FINEST * (dimension.points - 1) < 1:
            return None
        best = (max if sweep.goal.more_is_better else min)(figures)[1]
        places = [*places, *(place for place in (best - step, best + step) if 0 <= place <= 1)]
