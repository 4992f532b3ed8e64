"""A campaign's answers as scores of models: one row for each thing that somebody said of a completion.

Shapes: R rows, P preferences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evalhub.quality.arrays import Models, Preferences, Ratings
from evalhub.quality.questions import OVERALL, behind
from evalhub.reports.behind import OF_TWO_MODELS, Behind, first_of_each
from evalhub.rubrics.models import Criterion, ScaleKind
from evalhub.stats.intervals import buckets

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GROUPS = 500  # at most so many are drawn from; groups of prompts beyond share one
SCORE, WIN_RATE = "score", "win_rate"
_SCORED = (ScaleKind.SCALE, ScaleKind.YES_NO, ScaleKind.NUMBER)  # a mean of choices says nothing
_BEFORE_MONDAY = 3  # the first of January 1970 was a Thursday


@dataclass(frozen=True)
class Judged:
    """One question. A preference gives two rows: 1 for the one that won and 0 for the other, ½ each for
    a tie.
    """

    question: str
    version: int | None
    behind: Behind
    measure: str  # SCORE or WIN_RATE
    prompt_R: Ints
    model_R: Ints  # a place in the campaign's models; -1: about the prompt alone
    bucket_R: Ints  # of groups of prompts
    week_R: Ints  # since 1970, from Monday
    value_R: Floats  # NaN: could not tell
    judgment_R: Ints

    @property
    def buckets(self) -> int:
        return int(self.bucket_R.max(initial=-1)) + 1

    @cached_property
    def firsts(self) -> Bools:
        """The first answer of each judgment that has a value, so that judgments are counted once."""
        return self._firsts()

    @cached_property
    def firsts_of_models(self) -> Bools:
        """Likewise the first of each judgment about each model."""
        return self._firsts(self.model_R)

    def _firsts(self, *more_R: Ints) -> Bools:
        is_first_R = ~np.isnan(self.value_R)
        columns = [each[is_first_R] for each in (self.judgment_R, *more_R)]
        is_first_R[is_first_R] = first_of_each(*columns)
        return is_first_R


def ratings_judged(ratings: Ratings, written: Models) -> Iterator[Judged]:
    keys = np.unique(ratings.criterion).tolist()
    for criterion in Criterion.objects.filter(pk__in=keys).select_related("version"):
        if criterion.kind not in _SCORED:
            continue
        mine = ratings.criterion == criterion.pk
        completion = ratings.completion[mine]
        of_prompt = completion == 0
        model_R = np.full(len(completion), -1, dtype=np.int64)
        model_R[~of_prompt] = written.of(completion[~of_prompt])
        yield Judged(
            question=criterion.slug,
            version=criterion.version.number,
            behind=behind(criterion.slug, is_pair=False, version=str(criterion.version.uid)),
            measure=SCORE,
            prompt_R=ratings.prompt[mine],
            model_R=model_R,
            bucket_R=bucketed(ratings.group[mine]),
            week_R=weeks(ratings.day[mine]),
            value_R=ratings.value[mine],
            judgment_R=ratings.judgment[mine],
        )


def preferences_judged(preferences: Preferences, written: Models) -> Iterator[Judged]:
    """Comparisons of a model with itself, or with what a person wrote, count for nothing."""
    one, two = written.of(preferences.first), written.of(preferences.second)
    of_two = (one != two) & (one >= 0) & (two >= 0)
    for key, asked in compared_in(preferences).items():
        mine = (preferences.criterion == key) & of_two
        if not mine.any():
            continue
        won_P = wins(preferences, mine)
        bucket_P = bucketed(preferences.group[mine])
        yield Judged(
            question=asked.name,
            version=None,
            behind=asked.behind | OF_TWO_MODELS,
            measure=WIN_RATE,
            prompt_R=np.tile(preferences.prompt[mine], 2),
            model_R=np.concatenate([one[mine], two[mine]]),
            bucket_R=np.tile(bucket_P, 2),
            week_R=np.tile(weeks(preferences.day[mine]), 2),
            value_R=np.concatenate([won_P, 1 - won_P]),
            judgment_R=np.tile(preferences.judgment[mine], 2),
        )


class Compared(NamedTuple):
    name: str
    behind: Behind


def compared_in(preferences: Preferences) -> dict[int, Compared]:
    """The questions by their criterion's key; 0 is the overall one."""
    keys = np.unique(preferences.criterion).tolist()
    known = Criterion.objects.select_related("version").in_bulk(keys)
    found = {}
    for key in keys:
        name = known[key].slug if key else OVERALL
        version = str(known[key].version.uid) if key else None
        found[key] = Compared(name, behind(name, is_pair=True, version=version))
    return found


def wins(preferences: Preferences, mine: NDArray[np.bool_]) -> Floats:
    """1 where the first won, 0 where the second did, ½ for a tie."""
    won_P: Floats = (np.sign(preferences.margin[mine]) + 1) / 2
    return won_P


def bucketed(group_R: Ints) -> Ints:
    """Groups thrown together by lot when they are many; see `buckets`."""
    place_R = np.unique(group_R, return_inverse=True)[1]
    bucket_R: Ints = buckets(int(place_R.max(initial=-1)) + 1, at_most=GROUPS)[place_R]
    return np.unique(bucket_R, return_inverse=True)[1]


def weeks(day_R: Ints) -> Ints:
    return (day_R + _BEFORE_MONDAY) // 7


def week_told(week: int) -> tuple[str, Behind]:
    """2026-W48, and its days for Browse."""
    monday = date(1970, 1, 1) + timedelta(days=7 * week - _BEFORE_MONDAY)
    year, number, _ = monday.isocalendar()
    sunday = monday + timedelta(days=6)
    days = {"since": monday.isoformat(), "until": sunday.isoformat()}
    return f"{year}-W{number:02}", days
