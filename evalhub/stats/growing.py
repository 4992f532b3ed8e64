"""How many judgments tasks take that get one more while people disagree. J judgments, T tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.planning import COVERAGE, intraclass
from evalhub.stats.quantiles import t_quantile
from evalhub.stats.settled import LEAD, NEAR

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DRAWS, MOST_TASKS = 40, 400  # of a forecast, and tasks that each of them follows


@dataclass(frozen=True)
class Question:
    """What each of the J judgments said: a point of a scale, or the number of a choice; NaN: nothing."""

    answers_J: Floats
    is_scale: bool


@dataclass(frozen=True)
class Grown:
    """Judgments of all tasks; `low` and `high` hold their number 9 times in 10."""

    value: float
    low: float
    high: float


def forecast_growth(
    questions: Sequence[Question],
    tasks_J: Sequence[int],
    values_J: Sequence[float],
    *,
    tasks: int,
    overlap: int,
    most: int,
    correlation: float | None = None,
    guess: float,
) -> Grown | None:
    """Foretell how many judgments `tasks` take, from `overlap` each up to `most` where people disagree.

    Each task is one of the earlier ones with its judgments in their order. Where these end, the next
    is like one of the task's own, or like any that was given, so often that two judgments of one
    task stay as much alike as they were.

    Args:
        tasks_J, values_J: what each is about, the oldest first, and the value whose `intraclass` says how much alike.
        correlation: of two judgments of a task, where somebody knows it better.
        guess: the same where the judgments do not tell.

    Returns:
        None without judgments. The same each time: the draws have a seed.

    Source:
        Pólya's urn: of draws of which the n-th repeats an earlier one with probability
        (n − 1) / (n − 1 + s), two are correlated by 1 / (1 + s). D. Blackwell, J. MacQueen,
        "Ferguson Distributions via Pólya Urn Schemes", Annals of Statistics 1, 1973. The interval
        draws the earlier tasks anew (A. Davison, D. Hinkley, "Bootstrap Methods", 1997, 3.8).
    """
    if not len(tasks_J) or not questions:
        return None
    chance = np.random.default_rng(20_260)
    values = np.asarray(values_J, dtype=float)
    of_task = _by_task(np.asarray(tasks_J))
    sizes_G = np.array([len(each) for each in of_task])
    own_GN = np.zeros((len(of_task), most), dtype=np.int64)
    for task, each in enumerate(of_task):
        own_GN[task, : len(each)] = each[:most]
    found = np.empty(DRAWS)
    for draw in range(DRAWS):
        drawn_G = chance.integers(len(of_task), size=len(of_task))
        rows = np.concatenate([of_task[each] for each in drawn_G])
        labels = np.repeat(np.arange(len(drawn_G)), sizes_G[drawn_G])
        alike = correlation
        if alike is None:
            alike = intraclass(labels.tolist(), values[rows].tolist())
        alike = guess if alike is None else alike
        chosen_T = drawn_G[chance.integers(len(drawn_G), size=min(tasks, MOST_TASKS))]
        answers_TN = _continued(own_GN[chosen_T], sizes_G[chosen_T], rows, alike, chance)
        found[draw] = _taken(questions, answers_TN, overlap).mean()
    mean = float(found.mean())
    reach = t_quantile((1 + COVERAGE) / 2, DRAWS - 1) * float(found.std(ddof=1))
    unseen = 1 / (len(of_task) + 1)  # one task more might be unlike all that were seen
    low = max(float(overlap), mean - reach - unseen * (mean - overlap))
    high = min(float(most), mean + reach + unseen * (most - mean))
    return Grown(tasks * mean, tasks * low, tasks * high)


def _by_task(tasks_J: Ints) -> list[Ints]:
    order = np.argsort(tasks_J, kind="stable")
    _, starts = np.unique(tasks_J[order], return_index=True)
    return np.split(order, starts[1:])


def _continued(
    own_TN: Ints, sizes_T: Ints, rows: Ints, correlation: float, chance: np.random.Generator
) -> Ints:
    """Which earlier judgment the n-th of each task is like: its own as far as they go."""
    tasks, most = own_TN.shape
    alone = 1 / max(correlation, 1e-6) - 1
    for nth in range(1, most):
        earlier_T = own_TN[np.arange(tasks), chance.integers(nth, size=tasks)]
        repeats_T = chance.random(tasks) < nth / (nth + alone)
        next_T = np.where(repeats_T, earlier_T, rows[chance.integers(len(rows), size=tasks)])
        own_TN[:, nth] = np.where(sizes_T > nth, own_TN[:, nth], next_T)
    return own_TN


def _taken(questions: Sequence[Question], answers_TN: Ints, overlap: int) -> Ints:
    """How many of its judgments each task takes."""
    tasks, most = answers_TN.shape
    taken_T = np.full(tasks, most)
    for count in range(most - 1, overlap - 1, -1):
        settled = [
            (close if each.is_scale else decided)(each.answers_J[answers_TN[:, :count]])
            for each in questions
        ]
        taken_T[np.logical_and.reduce(settled)] = count
    return taken_T


def decided(answers_TN: Floats) -> Bools:
    """`settled.is_decided` of each row; NaN is no answer."""
    asked = np.unique(answers_TN[~np.isnan(answers_TN)])
    counts_TK = np.stack(
        [np.zeros(len(answers_TN)), *((answers_TN == each).sum(1) for each in asked)], axis=1
    )
    ahead_TK = np.sort(counts_TK, axis=1)
    second_T = ahead_TK[:, -2] if ahead_TK.shape[1] > 1 else np.zeros(len(answers_TN))
    is_few_T = (~np.isnan(answers_TN)).sum(1) < LEAD
    is_ahead_T: Bools = is_few_T | (ahead_TK[:, -1] - second_T >= LEAD)
    return is_ahead_T


def close(answers_TN: Floats) -> Bools:
    """`settled.is_close` of each row; NaN is no answer."""
    given_T = (~np.isnan(answers_TN)).sum(1)
    padded_TN = np.where(given_T[:, None] > 0, answers_TN, 0)  # no median of nothing
    near_TN = np.abs(answers_TN - np.nanmedian(padded_TN, axis=1)[:, None]) <= NEAR
    near_T = near_TN.sum(1)
    is_near_T: Bools = (given_T < LEAD) | (near_T - (given_T - near_T) >= LEAD)
    return is_near_T
