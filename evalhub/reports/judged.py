"""A campaign's answers as scores of models: one row for each thing that somebody said of a completion.

Shapes: R rows, P preferences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.quality.arrays import Models, Preferences, Ratings
from evalhub.quality.questions import OVERALL
from evalhub.rubrics.models import Criterion, ScaleKind
from evalhub.stats.intervals import buckets

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
    measure: str  # SCORE or WIN_RATE
    prompt_R: Ints
    model_R: Ints  # a place in the campaign's models; -1: about the prompt alone
    bucket_R: Ints  # of groups of prompts
    week_R: Ints  # since 1970, from Monday
    value_R: Floats  # NaN: could not tell

    @property
    def buckets(self) -> int:
        return int(self.bucket_R.max(initial=-1)) + 1


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
            measure=SCORE,
            prompt_R=ratings.prompt[mine],
            model_R=model_R,
            bucket_R=bucketed(ratings.group[mine]),
            week_R=weeks(ratings.day[mine]),
            value_R=ratings.value[mine],
        )


def preferences_judged(preferences: Preferences, written: Models) -> Iterator[Judged]:
    """Comparisons of a model with itself count for nothing."""
    names = question_names(preferences)
    one, two = written.of(preferences.first), written.of(preferences.second)
    for key, name in names.items():
        mine = (preferences.criterion == key) & (one != two)
        if not mine.any():
            continue
        won_P = wins(preferences, mine)
        bucket_P = bucketed(preferences.group[mine])
        yield Judged(
            question=name,
            version=None,
            measure=WIN_RATE,
            prompt_R=np.tile(preferences.prompt[mine], 2),
            model_R=np.concatenate([one[mine], two[mine]]),
            bucket_R=np.tile(bucket_P, 2),
            week_R=np.tile(weeks(preferences.day[mine]), 2),
            value_R=np.concatenate([won_P, 1 - won_P]),
        )


def question_names(preferences: Preferences) -> dict[int, str]:
    """By the criterion's key; 0 is the overall question."""
    keys = np.unique(preferences.criterion).tolist()
    slugs = dict(Criterion.objects.filter(pk__in=keys).values_list("pk", "slug"))
    return {key: slugs.get(key, OVERALL) for key in keys}


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


def first_day(week: int) -> int:
    """In days since 1970."""
    return 7 * week - _BEFORE_MONDAY
