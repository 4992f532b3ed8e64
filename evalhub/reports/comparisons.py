"""What was said of two models at a time, as tables that a leaderboard is made of.

Shapes: M models, G groups of prompts, C classes of people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

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


class Tables(NamedTuple):
    """What became of each two models, by the order on the page, per group of prompts and class of people.

    Only what was seen is kept: of 100 models 12 MB where all cells are 960 MB.
    """

    cells_GK: csr_array  # K = C * M * M * 3, as `evalhub.stats.leaderboard` has it
    slope_C: Floats
    models: int

    def by_group(self) -> Floats:
        """Of all people together, shape (G, M, M, 3)."""
        cells, M = self.cells_GK.tocoo(), self.models
        shape = (cells.shape[0], M, M, 3)
        place = cells.row.astype(np.int64) * (M * M * 3) + cells.col % (M * M * 3)
        summed = np.bincount(place, cells.data, minlength=int(np.prod(shape)))
        return summed.reshape(shape).astype(np.float64)


def tables_of(compared: Compared, M: int) -> Tables:
    group = np.unique(compared.group, return_inverse=True)[1]
    bucket = buckets(int(group.max(initial=-1)) + 1, at_most=GROUPS)[group]
    slope_C, alike = np.unique(compared.slope, return_inverse=True)
    shape = (len(slope_C), M, M, 3)
    rows, columns, weights = [], [], []
    for shown in as_shown(compared):
        place = (alike[shown.row], shown.left, shown.right, shown.outcome)
        rows.append(bucket[shown.row])
        columns.append(np.ravel_multi_index(place, shape))
        weights.append(shown.weight)
    seen = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    groups = int(bucket.max(initial=-1)) + 1
    return Tables(csr_array(seen, shape=(groups, int(np.prod(shape)))), slope_C, M)
