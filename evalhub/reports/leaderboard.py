"""Which model people prefer in a campaign, and in each slice: a report of plain values, ready for JSON.

Shapes: P preferences, M models, G groups of prompts, C classes of people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.quality.arrays import Models
from evalhub.quality.choices import Counts, Preferred
from evalhub.reports.behind import OF_TWO_MODELS, Behind, behind_report, judgments_in
from evalhub.reports.comparisons import Compared, compared_on, tables_of
from evalhub.reports.judged import compared_in
from evalhub.reports.rates import counted, matrix_of
from evalhub.reports.read import Read
from evalhub.reports.slicing import Slicing
from evalhub.reports.telling_apart import people_of, weighed
from evalhub.stats.leaderboard import Board, board, components, unbounded
from evalhub.valuing.models import ValuedTask

Beat = Callable[[], object]

BY_LOT = "overall, of tasks by lot"
NOTHING: dict[str, Any] = {
    "judgments": 0,
    "comparisons": 0,
    "models": [],
    "matrix": [],
    "position": None,
    "warnings": {"unlinked": [], "unbounded": []},
    "people": [],
    "slices": [],
}


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
        People count by how well they tell models apart on other prompts (`evalhub.stats.discrimination`):
        `people` has each one's `discrimination`, and each of the models `alike`, their strength and
        ranks where everybody counts the same; of slices, and of tasks by lot, neither is told.
    """
    campaign, preferences = read.campaign, read.preferences
    models, slicing = read.models, read.slicing
    boards = []
    for key, asked in compared_in(preferences).items():
        compared = compared_on(preferences, key, models)
        about = asked.behind | OF_TWO_MODELS
        if not len(compared.first):  # of what people wrote, and of nothing else
            boards.append(NOTHING | {"question": asked.name, "behind": about})
            continue
        slopes, compared = weighed(compared, len(models.names), beat)
        told = _board(compared, models, about, beat)
        _add_alike(told, compared, models, beat)
        is_asked = preferences.criterion == key
        of_prompt = preferences.prompt[is_asked]
        slices = list(_slices(compared, of_prompt, models, slicing, about, beat))
        people = people_of(slopes, compared, about)
        missing = len(of_prompt) - told["comparisons"]
        boards.append(
            {"question": asked.name, **told, "missing": missing, "people": people, "slices": slices}
        )
        if key:
            continue
        by_lot = _by_lot(campaign)
        drawn = compared.at(np.isin(compared.task, by_lot))
        if len(drawn.task):
            told = _board(drawn, models, about | {"mark": "by_lot"}, beat)
            missing = int(np.isin(preferences.task[is_asked], by_lot).sum()) - told["comparisons"]
            boards.append({"question": BY_LOT, **told, "missing": missing, "slices": []})
    return {
        "campaign": str(campaign.uid),
        "behind": behind_report(campaign, Counts.SAID),
        "boards": boards,
        "slices_left_out": slicing.left_out,
    }


def _by_lot(campaign: Campaign) -> NDArray[np.int64]:
    """Keys of the tasks that a lot chose, of a campaign that asks by decision value: as of all tasks."""
    rows = ValuedTask.objects.filter(valuation__campaign=campaign, by_lot=True)
    return np.array(rows.values_list("task_id", flat=True), dtype=np.int64)


def _slices(
    compared: Compared,
    asked_of: NDArray[np.int64],
    written: Models,
    slicing: Slicing,
    about: Behind,
    beat: Beat,
) -> Iterator[dict[str, Any]]:
    """The boards of slices in which two models were compared, key by key.

    Args:
        asked_of: the prompt of each comparison on the question, those that count for nothing as well.
    """
    apart = compared.at(compared.first != compared.second)
    for key in sorted(slicing.keys):
        place_P = slicing.places(key, apart.prompt)
        order = np.argsort(place_P, kind="stable")
        ends = np.searchsorted(place_P[order], np.arange(len(slicing.keys[key]) + 1))
        asked_S = np.bincount(slicing.places(key, asked_of) + 1, minlength=len(ends))[1:]
        parts = zip(slicing.keys[key], ends[:-1], ends[1:], asked_S.tolist(), strict=True)
        for each, begin, end, asked in parts:
            if end > begin:
                part = apart.at(order[begin:end])
                told = _board(part, written, about | {"slice": each.name}, beat)
                yield {"slice": each.name, **told, "missing": asked - told["comparisons"]}


def _board(compared: Compared, written: Models, about: Behind, beat: Beat) -> dict[str, Any]:
    """`comparisons` are two responses each; one judgment that ranks more makes several of them."""
    compared, seen = compared.of_models()
    first, second, M = compared.first, compared.second, len(seen)
    names = [written.names[each] for each in seen.tolist()]
    uids = [written.uids[each] for each in seen.tolist()]
    tables = tables_of(compared, M)
    tables_GMM3 = tables.by_group()
    table_MM3 = tables_GMM3.sum(axis=0)
    found = board(tables.cells_GK, tables.slope_C, models=M, beat=beat)
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
                **_strength(found, at),
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


def _add_alike(told: dict[str, Any], compared: Compared, written: Models, beat: Beat) -> None:
    """Each model with what it would be if everybody counted the same, which may be what it is."""
    if (compared.slope == 1).all():
        for row in told["models"]:
            row["alike"] = {name: row[name] for name in _STRENGTH}
        return
    compared, seen = replace(compared, slope=np.ones(len(compared.slope))).of_models()
    tables = tables_of(compared, len(seen))
    found = board(tables.cells_GK, tables.slope_C, models=len(seen), beat=beat)
    nth = {written.uids[each]: at for at, each in enumerate(seen.tolist())}
    for row in told["models"]:
        row["alike"] = _strength(found, nth[row["behind"]["model"]])


_STRENGTH = ("strength", "low", "high", "best_rank", "worst_rank")


def _strength(found: Board, at: int) -> dict[str, Any]:
    return {
        "strength": float(found.fit.strength_M[at]),
        "low": float(found.low_M[at]),
        "high": float(found.high_M[at]),
        "best_rank": int(found.ranks_M2[at, 0]),
        "worst_rank": int(found.ranks_M2[at, 1]),
    }
