"""Two wordings of a rubric side by side: agreement, time, ties, each with its interval over people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.quality.arrays import said_in
from evalhub.quality.choices import Counts
from evalhub.quality.questions import Asked, questions_of
from evalhub.reports.behind import behind_report
from evalhub.reports.read import Read
from evalhub.rubrics.models import RubricVersion
from evalhub.stats.agreement import coded
from evalhub.stats.by_level import figure_of, sums_of
from evalhub.stats.people import OfPeople, gap_between, leaving_out, median_of

Beat = Callable[[], object]
Bools = NDArray[np.bool_]
Questions = dict[tuple[str, bool], Asked]  # by name, and whether it is a preference


NOBODY = OfPeople(None, None, 0)


class Figure(NamedTuple):
    name: str  # agreement, ties, cannot_tell
    least: float
    of: Callable[[Asked, Beat], OfPeople]


def wordings_report(read: Read, *, beat: Beat = lambda: None) -> dict[str, Any]:
    """What people said under each of the two wordings, the lower version first.

    Returns:
        `wordings`: version, people and judgments of each. `rows`: a figure and its question, the
        value of each wording, and the second minus the first; intervals are 95 %, over people.
    """
    campaign = read.campaign
    versions = list(_versions(campaign))
    asked = [_asked(campaign, version) for version in versions]
    rows = []
    if len(versions) == 2:
        times = [_times(campaign, version, beat) for version in versions]
        rows = [_row("seconds", "", times, least=0.0, most=None), *_rows(asked[0], asked[1], beat)]
    return {
        "campaign": str(campaign.uid),
        "behind": behind_report(campaign, Counts.SAID),
        "wordings": [_head(campaign, version) for version in versions],
        "rows": rows,
    }


def _versions(campaign: Campaign) -> Iterator[RubricVersion]:
    shown = campaign.judgments.exclude(rubric_version=None).values("rubric_version")
    keys = set(RubricVersion.objects.filter(pk__in=shown).values_list("pk", flat=True))
    if campaign.second_version_id is not None:
        keys |= {campaign.rubric_version_id, campaign.second_version_id}
    yield from RubricVersion.objects.filter(pk__in=keys).order_by("number")


def _said(campaign: Campaign, version: RubricVersion) -> QuerySet[Judgment]:
    return said_in(campaign).filter(rubric_version=version)


def _head(campaign: Campaign, version: RubricVersion) -> dict[str, Any]:
    said = _said(campaign, version)
    return {
        "version": version.number,
        "uid": str(version.uid),
        "people": said.order_by().values("member").distinct().count(),
        "judgments": said.count(),
        "behind": {"version": str(version.uid)},
    }


def _asked(campaign: Campaign, version: RubricVersion) -> Questions:
    found = questions_of(campaign, said=_said(campaign, version))
    return {(each.name, each.version is None): each for each in found}


def _times(campaign: Campaign, version: RubricVersion, beat: Beat) -> OfPeople:
    timed = _said(campaign, version).exclude(active_ms=None).order_by("pk")
    rows = np.array(list(timed.values_list("member_id", "active_ms")), dtype=np.int64)
    rows = rows.reshape(-1, 2)
    return median_of(rows[:, 1] / 1000, rows[:, 0], beat=beat)


def _rows(first: Questions, second: Questions, beat: Beat) -> Iterator[dict[str, Any]]:
    for key in sorted(first.keys() | second.keys()):
        name, is_preference = key
        figures = [Figure("agreement", -1.0, _agreement)]
        figures.append(
            Figure("ties", 0.0, _ties) if is_preference else Figure("cannot_tell", 0.0, _missing)
        )
        for figure in figures:
            sides = [
                figure.of(each[key], beat) if key in each else NOBODY for each in (first, second)
            ]
            yield _row(figure.name, name, sides, least=figure.least, most=1.0)


def _row(
    figure: str, question: str, sides: list[OfPeople], *, least: float, most: float | None
) -> dict[str, Any]:
    gap = gap_between(*sides)
    told = []
    for side in sides:
        low, high = side.interval()
        low = None if low is None else max(low, least)
        high = min(high, most) if high is not None and most is not None else high
        told.append({"value": side.value, "low": low, "high": high, "people": side.groups})
    between = {"value": gap.difference, "low": gap.low, "high": gap.high}
    is_clear = gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0)
    return {
        "figure": figure,
        "question": question,
        "sides": told,
        "gap": between | {"is_clear": is_clear},
    }


def _agreement(asked: Asked, beat: Beat) -> OfPeople:
    given = ~np.isnan(asked.value_R)
    unit_R, member_R, value_R = asked.unit_R[given], asked.member_R[given], asked.value_R[given]

    def figure(is_in_R: Bools) -> float:
        answers = coded(unit_R[is_in_R], member_R[is_in_R], value_R[is_in_R])
        sums_1K = sums_of(answers, asked.level)
        return float(figure_of(answers.values_V, asked.level)(sums_1K)[0])

    return leaving_out(_unless_empty(figure), member_R, beat=beat)


def _ties(asked: Asked, beat: Beat) -> OfPeople:
    """The share of answers that prefer neither; "both bad" is another answer."""
    is_tie_R = asked.value_R == 0
    return leaving_out(
        _unless_empty(lambda is_in_R: float(is_tie_R[is_in_R].mean())), asked.member_R, beat=beat
    )


def _missing(asked: Asked, beat: Beat) -> OfPeople:
    """The share of answers that are "cannot tell"."""
    is_missing_R = np.isnan(asked.value_R)
    return leaving_out(
        _unless_empty(lambda is_in_R: float(is_missing_R[is_in_R].mean())),
        asked.member_R,
        beat=beat,
    )


def _unless_empty(figure: Callable[[Bools], float]) -> Callable[[Bools], float]:
    return lambda is_in_R: figure(is_in_R) if is_in_R.any() else float("nan")
