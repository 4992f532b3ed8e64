"""What was said of two models at a time, as tables that a leaderboard is made of.

Shapes: M models, G groups of prompts, C classes of people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evalhub.quality.arrays import Models, Preferences
from evalhub.stats.intervals import buckets

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GROUPS = 500  # at most so many are drawn from; prompts beyond share one


@dataclass(frozen=True)
class Compared:
    """Comparisons on one question; models are places in the campaign's."""

    first: Ints
    second: Ints
    outcome: Ints  # 0 the first won, 1 a tie, 2 the second
    place: Ints  # as of Preferences
    prompt: Ints
    group: Ints  # of prompts, as a place from 0
    judgment: Ints
    member: Ints
    task: Ints
    slope: Floats  # how well whoever said it tells models apart

    def at(self, chosen: Ints | Bools) -> Compared:
        return Compared(*(getattr(self, each.name)[chosen] for each in fields(self)))

    def of_models(self) -> tuple[Compared, Ints]:
        """With models as places among those that were compared here, which are given as well."""
        seen, at = np.unique(np.concatenate([self.first, self.second]), return_inverse=True)
        split = len(self.first)
        return replace(self, first=at[:split], second=at[split:]), seen


def compared_on(preferences: Preferences, key: int, written: Models) -> Compared:
    """What a person wrote, as an edit, stands on no board of models."""
    of_models = (written.of(preferences.first) >= 0) & (written.of(preferences.second) >= 0)
    mine = preferences.where((preferences.criterion == key) & of_models)
    return Compared(
        first=written.of(mine.first),
        second=written.of(mine.second),
        outcome=1 - np.sign(mine.margin),
        place=mine.place,
        prompt=mine.prompt,
        group=np.unique(mine.group, return_inverse=True)[1],
        judgment=mine.judgment,
        member=mine.member,
        task=mine.task,
        slope=np.ones(len(mine.first)),
    )


class Shown(NamedTuple):
    """Comparisons of two models in an order on the page."""

    row: Ints  # of Compared
    left: Ints  # what stood first
    right: Ints
    outcome: Ints  # 0 the left one won
    weight: Floats


def as_shown(compared: Compared) -> Iterator[Shown]:
    """Those with the first on the left, and the others. Where the order is not known, half of the
    comparison counts in each.
    """
    for side in (1, -1):
        weight = (1 + side * compared.place) / 2
        row = np.flatnonzero((compared.first != compared.second) & (weight > 0))
        first, second, said = compared.first[row], compared.second[row], compared.outcome[row]
        if side == 1:
            yield Shown(row, first, second, said, weight[row])
        else:
            yield Shown(row, second, first, 2 - said, weight[row])


def tables_of(compared: Compared, M: int) -> tuple[Floats, Floats]:
    """What became of each two models, by the order on the page, per group of prompts and class of people;
    and the slope of each class.
    """
    group = np.unique(compared.group, return_inverse=True)[1]
    bucket = buckets(int(group.max(initial=-1)) + 1, at_most=GROUPS)[group]
    slope_C, alike = np.unique(compared.slope, return_inverse=True)
    shape = (int(bucket.max(initial=-1)) + 1, len(slope_C), M, M, 3)
    tables = np.zeros(shape)
    for shown in as_shown(compared):
        place = (bucket[shown.row], alike[shown.row], shown.left, shown.right, shown.outcome)
        cells = np.bincount(np.ravel_multi_index(place, shape), shown.weight, minlength=tables.size)
        tables += cells.reshape(shape)
    return tables, slope_C
