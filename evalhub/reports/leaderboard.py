"""Which model people prefer in a campaign, and in each slice: a report of plain values, ready for JSON.

Shapes: P preferences, M models, G groups of prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.quality.arrays import Models, Preferences
from evalhub.quality.choices import Counts, Preferred
from evalhub.quality.questions import OVERALL, behind
from evalhub.reports.behind import OF_TWO_MODELS, Behind, behind_report, judgments_in
from evalhub.reports.judged import compared_in
from evalhub.reports.rates import counted, matrix_of
from evalhub.reports.read import Read
from evalhub.reports.slicing import Slicing
from evalhub.stats.intervals import buckets
from evalhub.stats.leaderboard import board, components, unbounded
from evalhub.valuing.models import ValuedTask

Beat = Callable[[], object]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

BY_LOT = "overall, of tasks by lot"
GROUPS = 500  # at most so many are drawn from; prompts beyond share one


def leaderboard_report(read: Read, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """For each question (overall, and each criterion compared): the models, strongest first.

    Returns:
        `boards`: each with `models` (`strength` in logits with its interval and ranks), `matrix`
        (win rates), `missing` (comparisons that count for nothing), `position` (logits towards what stood first on
        the page; `missing` where nobody knows what did, None when of all), and `warnings`:
        `unlinked` (models that no chain of judgments links to the largest group) and `unbounded`
        (between which and the others all went one way); `slices`: the same of each slice of the prompts alone, so that
        models may be linked in all together and not in one. Comparisons of a model with itself, or with
        what a person wrote, count for nothing. `slices_left_out`: rarer slices than those.
    """
    campaign, preferences = read.campaign, read.preferences
    models, slicing = read.models, read.slicing
    boards = []
    for key, asked in compared_in(preferences).items():
        compared = _compared(preferences, key, models)
        about = asked.behind | OF_TWO_MODELS
        told = _board(compared, models, about, beat)
        slices = list(_slices(compared, models, slicing, about, beat))
        missing = int((preferences.criterion == key).sum()) - told["comparisons"]
        boards.append({"question": asked.name, **told, "missing": missing, "slices": slices})
    drawn = _by_lot(campaign, preferences)
    if (drawn.criterion == 0).any():
        about = behind(OVERALL, is_pair=True, version=None) | OF_TWO_MODELS | {"mark": "by_lot"}
        told = _board(_compared(drawn, 0, models), models, about, beat)
        missing = int((drawn.criterion == 0).sum()) - told["comparisons"]
        boards.append({"question": BY_LOT, **told, "missing": missing, "slices": []})
    return {
        "campaign": str(campaign.uid),
        "behind": behind_report(campaign, Counts.SAID),
        "boards": boards,
        "slices_left_out": slicing.left_out,
    }


def _by_lot(campaign: Campaign, preferences: Preferences) -> Preferences:
    """Of a campaign that asks by decision value, what was said of tasks that a lot chose: as of all tasks."""
    rows = ValuedTask.objects.filter(valuation__campaign=campaign, by_lot=True)
    tasks = np.array(rows.values_list("task_id", flat=True), dtype=np.int64)
    return preferences.where(np.isin(preferences.task, tasks))


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

    def at(self, chosen: Ints | Bools) -> Compared:
        return Compared(*(getattr(self, each.name)[chosen] for each in fields(self)))


def _compared(preferences: Preferences, key: int, written: Models) -> Compared:
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
    )


def _slices(
    compared: Compared, written: Models, slicing: Slicing, about: Behind, beat: Beat
) -> Iterator[dict[str, Any]]:
    """The boards of slices in which two models were compared, key by key."""
    apart = compared.at(compared.first != compared.second)
    for key in sorted(slicing.keys):
        place_P = slicing.places(key, apart.prompt)
        order = np.argsort(place_P, kind="stable")
        ends = np.searchsorted(place_P[order], np.arange(len(slicing.keys[key]) + 1))
        for each, begin, end in zip(slicing.keys[key], ends[:-1], ends[1:], strict=True):
            if end > begin:
                part = apart.at(order[begin:end])
                told = _board(part, written, about | {"slice": each.name}, beat)
                yield {"slice": each.name, **told}


def _board(compared: Compared, written: Models, about: Behind, beat: Beat) -> dict[str, Any]:
    """`comparisons` are two responses each; one judgment that ranks more makes several of them."""
    seen, at = np.unique(np.concatenate([compared.first, compared.second]), return_inverse=True)
    first, second = at[: len(compared.first)], at[len(compared.first) :]
    names, M = [written.names[each] for each in seen.tolist()], len(seen)
    uids = [written.uids[each] for each in seen.tolist()]
    tables_GMM3 = _tables(compared, first, second, M)
    table_MM3 = tables_GMM3.sum(axis=0)
    found = board(tables_GMM3, beat=beat)
    group_M, apart = components(table_MM3), unbounded(table_MM3)
    order = np.argsort(-found.fit.strength_M, kind="stable").tolist()
    judgments = counted(first, second, compared.judgment, M)
    return {
        "judgments": judgments.all,
        "comparisons": int((first != second).sum()),
        "behind": about,
        "models": [
            {
                "model": names[at],
                "strength": float(found.fit.strength_M[at]),
                "low": float(found.low_M[at]),
                "high": float(found.high_M[at]),
                "best_rank": int(found.ranks_M2[at, 0]),
                "worst_rank": int(found.ranks_M2[at, 1]),
                "best": float(found.best_M[at]),
                "judgments": int(judgments.of_model_M[at]),
                "behind": about | {"model": uids[at]},
            }
            for at in order
        ],
        "matrix": matrix_of(tables_GMM3, judgments, order, names, uids, about),
        "position": {
            "value": found.fit.position,
            "low": found.position_low,
            "high": found.position_high,
            **_known_places(compared, about),
        }
        if compared.place.any()
        else None,
        "warnings": {
            "unlinked": [names[at] for at in range(M) if group_M[at] > 0],
            "unbounded": [names[at] for at in apart.tolist()],
        },
    }


def _known_places(compared: Compared, about: Behind) -> dict[str, Any]:
    """Of how many comparisons it is known what stood first, and in how many judgments that was preferred."""
    apart = compared.at(compared.first != compared.second)
    towards = (1 - apart.outcome) * apart.place
    known = int(np.count_nonzero(apart.place))
    return {
        "n": known,
        "missing": len(apart.place) - known,
        "first": {
            "judgments": judgments_in(apart.judgment[towards > 0]),
            "behind": about | {"preferred": Preferred.FIRST.value},
        },
        "second": {
            "judgments": judgments_in(apart.judgment[towards < 0]),
            "behind": about | {"preferred": Preferred.SECOND.value},
        },
    }


def _tables(compared: Compared, first: Ints, second: Ints, M: int) -> NDArray[np.float64]:
    """What became of each two models, by the order on the page, per group of prompts.

    Where the order is not known, half of the judgment counts in each.
    """
    group = np.unique(compared.group, return_inverse=True)[1]
    bucket = buckets(int(group.max()) + 1, at_most=GROUPS)[group]
    shape = (int(bucket.max()) + 1, M, M, 3)
    tables = np.zeros(shape)
    for side, weight in ((1, (1 + compared.place) / 2), (-1, (1 - compared.place) / 2)):
        left, right = (first, second) if side == 1 else (second, first)
        said = compared.outcome if side == 1 else 2 - compared.outcome
        apart = (first != second) & (weight > 0)
        cell = ((bucket * M + left) * M + right) * 3 + said
        cells = np.bincount(cell[apart], weight[apart], minlength=tables.size)
        tables += cells.reshape(shape)
    return tables
