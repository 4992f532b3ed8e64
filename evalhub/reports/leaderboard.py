"""Which model people prefer in a campaign: a report of plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.quality.arrays import Models, Preferences, models_of, preferences_of
from evalhub.rubrics.models import Criterion
from evalhub.stats.intervals import buckets
from evalhub.stats.leaderboard import board, components, never_lost, win_rates
from evalhub.valuing.models import ValuedTask

Beat = Callable[[], object]
Ints = NDArray[np.int64]

BY_LOT = "overall, of tasks by lot"
GROUPS = 500  # at most so many are drawn from; prompts beyond share one


def leaderboard_report(campaign: Campaign, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """For each question (overall, and each criterion compared): the models, strongest first.

    Returns:
        `boards`: each with `models` (`strength` in logits with its interval and ranks), `matrix`
        (win rates), `position` (logits towards what stood first on the page; None when nobody knows
        what did), and `warnings`:
        `unlinked` (models that no chain of judgments links to the largest group) and `unbounded`
        (that won or lost everything). Comparisons of a model with itself count for nothing.
    """
    preferences, models = preferences_of(campaign), models_of(campaign)
    keys = np.unique(preferences.criterion).tolist()
    names = dict(Criterion.objects.filter(pk__in=keys).values_list("pk", "slug"))
    boards = [
        {"question": names.get(key, "overall"), **_board(preferences, models, key, beat)}
        for key in keys
    ]
    drawn = _by_lot(campaign, preferences)
    if (drawn.criterion == 0).any():
        boards.append({"question": BY_LOT, **_board(drawn, models, 0, beat)})
    return {"campaign": str(campaign.uid), "boards": boards}


def _by_lot(campaign: Campaign, preferences: Preferences) -> Preferences:
    """Of a campaign that asks by decision value, what was said of tasks that a lot chose: as of all tasks."""
    rows = ValuedTask.objects.filter(valuation__campaign=campaign, by_lot=True)
    tasks = np.array(rows.values_list("task_id", flat=True), dtype=np.int64)
    return preferences.where(np.isin(preferences.task, tasks))


def _board(preferences: Preferences, written: Models, key: int, beat: Beat) -> dict[str, Any]:
    mine = preferences.criterion == key
    one, two = written.of(preferences.first[mine]), written.of(preferences.second[mine])
    seen = np.unique(np.concatenate([one, two]))
    first, second = np.searchsorted(seen, one), np.searchsorted(seen, two)
    models = [written.names[at] for at in seen.tolist()]
    M = len(models)
    tables_GMM3 = _tables(preferences, mine, first, second, M)
    table_MM3 = tables_GMM3.sum(axis=0)
    found = board(tables_GMM3, beat=beat)
    rate_MM, n_MM = win_rates(table_MM3)
    group_M, alone = components(table_MM3), set(never_lost(table_MM3).tolist())
    order = np.argsort(-found.fit.strength_M, kind="stable").tolist()
    return {
        "judgments": int(table_MM3.sum()),
        "models": [
            {
                "model": models[at],
                "strength": float(found.fit.strength_M[at]),
                "low": float(found.low_M[at]),
                "high": float(found.high_M[at]),
                "best_rank": int(found.ranks_M2[at, 0]),
                "worst_rank": int(found.ranks_M2[at, 1]),
                "best": float(found.best_M[at]),
                "judgments": int(n_MM[at].sum()),
            }
            for at in order
        ],
        "matrix": [
            {
                "model": models[one],
                "against": models[two],
                "win_rate": float(rate_MM[one, two]),
                "n": int(n_MM[one, two]),
            }
            for one in order
            for two in order
            if one != two and n_MM[one, two]
        ],
        "position": {
            "value": found.fit.position,
            "low": found.position_low,
            "high": found.position_high,
        }
        if preferences.place[mine].any()
        else None,
        "warnings": {
            "unlinked": [models[at] for at in range(M) if group_M[at] > 0],
            "unbounded": [models[at] for at in sorted(alone)],
        },
    }


def _tables(
    preferences: Preferences, mine: NDArray[np.bool_], first: Ints, second: Ints, M: int
) -> NDArray[np.float64]:
    """What became of each two models, by the order on the page, per group of prompts.

    Where the order is not known, half of the judgment counts in each.
    """
    group = np.unique(preferences.group[mine], return_inverse=True)[1]
    bucket = buckets(int(group.max()) + 1, at_most=GROUPS)[group]
    outcome = 1 - np.sign(preferences.margin[mine])  # 0 first, 1 tie, 2 second
    place = preferences.place[mine]
    tables = np.zeros((int(bucket.max()) + 1, M, M, 3))
    for side, weight in ((1, (1 + place) / 2), (-1, (1 - place) / 2)):
        left, right = (first, second) if side == 1 else (second, first)
        said = outcome if side == 1 else 2 - outcome
        apart = first != second
        np.add.at(tables, (bucket[apart], left[apart], right[apart], said[apart]), weight[apart])
    return tables
