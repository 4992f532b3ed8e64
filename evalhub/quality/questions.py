"""A campaign's answers, question by question, as statistics take them. Shapes: R answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.quality.arrays import Preferences, Ratings, preferences_of, ratings_of
from evalhub.rubrics.models import Criterion, ScaleKind
from evalhub.stats.agreement import Level

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BOTH_BAD = 2.0  # beside -1, 0 and 1; a value of its own
OVERALL = "overall"
_LEVELS = {
    ScaleKind.SCALE: Level.ORDINAL,
    ScaleKind.YES_NO: Level.NOMINAL,
    ScaleKind.CHOICE: Level.NOMINAL,
    ScaleKind.NUMBER: Level.INTERVAL,
}


def level_of(criterion: Criterion) -> Level:
    """Of a criterion that is not answered in words."""
    return Level.RATIO if criterion.true_zero else _LEVELS[ScaleKind(criterion.kind)]


@dataclass(frozen=True)
class Asked:
    """One question and its answers."""

    criterion: int  # its key; 0: overall
    name: str  # the criterion's slug, or "overall"
    version: int | None  # of the rubric
    version_uid: str | None  # None: overall
    level: Level
    is_pair: bool  # the value is which of two: 1 the first, -1 the second, 0 a tie, or BOTH_BAD
    unit_R: Ints  # what was judged, as a place from 0
    prompt_R: Ints
    first_R: Ints  # completion, of a pair the one with the lower key; 0: the prompt alone
    second_R: Ints  # of a pair; 0 else
    turn_R: Ints  # of the prompt's conversation; -1: none
    member_R: Ints
    task_R: Ints
    group_R: Ints  # of prompts: what is drawn for intervals
    value_R: Floats  # NaN: could not tell
    place_R: Ints  # of a pair's first on the page: 1 first, -1 second; 0 unknown
    judgment_R: Ints

    @property
    def behind(self) -> dict[str, str]:
        """How Browse is asked for the judgments that say something to this question."""
        return behind(self.name, is_pair=self.is_pair, version=self.version_uid)

    def given(self) -> Asked:
        """Without those who could not tell."""
        return self.where(~np.isnan(self.value_R))

    def where(self, wanted_R: NDArray[np.bool_]) -> Asked:
        """Some of the answers; units keep their places. Where those are all, itself and no copy."""
        if wanted_R.all():
            return self
        columns = [each.name for each in fields(self) if each.name.endswith("_R")]
        return replace(self, **{name: getattr(self, name)[wanted_R] for name in columns})


def behind(name: str, *, is_pair: bool, version: str | None) -> dict[str, str]:
    """See `Asked.behind`; `version` is the uid of the criterion's rubric version."""
    asked = {"question": f"{'compared' if is_pair else 'rated'}:{name}"}
    return asked if version is None else asked | {"version": version}


def questions_of(
    campaign: Campaign, *, said: QuerySet[Judgment] | None = None, is_few: bool = False
) -> Iterator[Asked]:
    """The answers of `said`, or of all that was said; criteria answered in words are left out.

    Args:
        is_few: `said` names few of the campaign's judgments by their keys.
    """
    ratings = ratings_of(campaign, said=said, is_few=is_few)
    yield from rated_in(ratings)
    yield from compared_in(preferences_of(campaign, said=said, is_few=is_few))


def rated_in(ratings: Ratings) -> Iterator[Asked]:
    """Criterion by criterion; those that are answered in words are left out."""
    criteria = Criterion.objects.filter(pk__in=np.unique(ratings.criterion).tolist())
    for criterion in criteria.select_related("version"):
        if criterion.kind in _LEVELS:
            yield _rated(ratings.where(ratings.criterion == criterion.pk), criterion)


def compared_in(preferences: Preferences) -> Iterator[Asked]:
    """The overall preference first, then criterion by criterion."""
    keys = np.unique(preferences.criterion).tolist()
    compared = Criterion.objects.select_related("version").in_bulk(keys)
    for key in keys:
        mine = preferences.where(preferences.criterion == key)
        value_R = np.where(mine.both_bad == 1, BOTH_BAD, np.sign(mine.margin))
        yield Asked(
            criterion=key,
            name=compared[key].slug if key else OVERALL,
            version=None,
            version_uid=str(compared[key].version.uid) if key else None,
            level=Level.NOMINAL,
            is_pair=True,
            unit_R=places(mine.first, mine.second),
            prompt_R=mine.prompt,
            first_R=mine.first,
            second_R=mine.second,
            turn_R=np.full(len(mine.first), -1),
            member_R=mine.member,
            task_R=mine.task,
            group_R=mine.group,
            value_R=value_R.astype(float),
            place_R=mine.place,
            judgment_R=mine.judgment,
        )


def _rated(mine: Ratings, criterion: Criterion) -> Asked:
    return Asked(
        criterion=criterion.pk,
        name=criterion.slug,
        version=criterion.version.number,
        version_uid=str(criterion.version.uid),
        level=level_of(criterion),
        is_pair=False,
        unit_R=places(mine.prompt, mine.completion, mine.turn),
        prompt_R=mine.prompt,
        first_R=mine.completion,
        second_R=np.zeros(len(mine.value), dtype=np.int64),
        turn_R=mine.turn,
        member_R=mine.member,
        task_R=mine.task,
        group_R=mine.group,
        value_R=mine.value,
        place_R=np.zeros(len(mine.value), dtype=np.int64),
        judgment_R=mine.judgment,
    )


def places(*columns_R: Ints) -> Ints:
    """Rows that are the same in all columns get the same place, from 0."""
    place_R: Ints = np.zeros(len(columns_R[0]), dtype=np.int64)
    for column_R in columns_R:  # one after the other: by rows NumPy is ten times slower
        values, code_R = np.unique(column_R, return_inverse=True)
        place_R = np.unique(place_R * len(values) + code_R, return_inverse=True)[1]
    return place_R
