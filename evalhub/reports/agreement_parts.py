"""Agreement by slice of the prompts and by version of the rubric. Shapes: R answers, U units, S parts, G buckets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.quality.answered import Answered, answered
from evalhub.quality.questions import Asked
from evalhub.reports.answered import row_of, whole_of
from evalhub.reports.behind import GIVEN, first_of_each
from evalhub.reports.figures import number
from evalhub.reports.slicing import Slicing
from evalhub.rubrics.models import Criterion, RubricVersion
from evalhub.stats.agreement_parts import alphas_of_parts
from evalhub.stats.intervals import Estimate
from evalhub.stats.slices import draws_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Beat = Callable[[], object]
Row = dict[str, Any]  # JSON

GROUPS = 500  # at most so many are drawn from


def by_slice(said: Answered, slicing: Slicing) -> list[Row]:
    """Each slice that somebody answered in, key by key: `by`, `split`, and as of a question."""
    bucket_U = said.bucket_U % GROUPS
    groups = int(bucket_U.max(initial=-1)) + 1
    draws_BG = draws_of(groups)
    rows = []
    for key in sorted(slicing.keys):
        names = [each.name for each in slicing.keys[key]]
        place_R = slicing.places(key, said.asked.prompt_R)
        rows += _rows(said, names, place_R, bucket_U, draws_BG)
    return rows


def _rows(
    said: Answered, names: list[str], place_R: Ints, bucket_U: Ints, draws_BG: Floats
) -> list[Row]:
    """`place_R` is which of the slices each answer is in, those who could not tell as well; -1: none."""
    S, groups = len(names), draws_BG.shape[1]
    is_given_R = ~np.isnan(said.asked.value_R)
    given_R = place_R[is_given_R]
    place_U = said.of_unit(given_R)
    cell_U = np.where(place_U < 0, -1, place_U * groups + bucket_U)
    sums_SGK = said.sums(cell_U, S * groups).reshape(S, groups, -1)
    paired_SG = said.paired(sums_SGK)
    found = alphas_of_parts(sums_SGK, said.figure, paired_SG, draws_BG)
    is_first_R = first_of_each(said.given.judgment_R)
    missing_S, answers_S, judgments_S = (
        _counts(each, S) for each in (place_R[~is_given_R], given_R, given_R[is_first_R])
    )
    units_S, of_two_S = _counts(place_U, S), _counts(place_U[said.is_met], S)
    rows = []
    for at in np.flatnonzero(answers_S + missing_S).tolist():
        low, high = number(found.low[at]), number(found.high[at])
        if found.value[at] == 1:
            low = said.lowest(sums_SGK[at].sum(axis=0), int((paired_SG[at] > 0).sum()))
        told = row_of(
            Estimate(number(found.value[at]), low, high, round(paired_SG[at].sum())),
            partial(said.within, place_U == at),
            answers=int(answers_S[at]),
            missing=int(missing_S[at]),
            units=int(units_S[at]),
            of_two=int(of_two_S[at]),
            judgments=int(judgments_S[at]),
        )
        behind = said.asked.behind | GIVEN | {"slice": names[at]}
        rows.append({"by": "slice", "split": names[at]} | told | {"behind": behind})
    return rows


def by_version(
    said: Answered, whole: Row, campaign: Campaign, *, beat: Beat = lambda: None
) -> list[Row]:
    """Each version of the rubric under which somebody answered; `whole` where there is but one."""
    asked = said.asked
    version_R = _versions(campaign, asked)
    versions = RubricVersion.objects.in_bulk(np.unique(version_R[version_R > 0]).tolist())
    rows = []
    for version in sorted(versions.values(), key=lambda each: each.number):
        told = whole
        if len(versions) > 1:
            told = whole_of(answered(asked.where(version_R == version.pk)), beat=beat)
        behind = asked.behind | GIVEN | {"version": str(version.uid)}
        about = {"by": "version", "split": str(version.number), "rubric_version": version.number}
        rows.append(about | told | {"behind": behind})
    return rows


def _versions(campaign: Campaign, asked: Asked) -> Ints:
    """Under which version each answer was given: its criterion's; of the overall question, that which
    its judgment names, else the campaign's. 0: nobody knows.
    """
    if asked.criterion:
        version = Criterion.objects.values_list("version", flat=True).get(pk=asked.criterion)
        return np.full(len(asked.value_R), version)
    own = campaign.judgments.exclude(rubric_version=None).order_by("pk")
    named = np.array(list(own.values_list("pk", "rubric_version")), dtype=np.int64).reshape(-1, 2)
    version_R = np.full(len(asked.value_R), campaign.rubric_version_id or 0, dtype=np.int64)
    if len(named):
        at_R = np.minimum(np.searchsorted(named[:, 0], asked.judgment_R), len(named) - 1)
        is_named_R = named[at_R, 0] == asked.judgment_R
        version_R[is_named_R] = named[at_R[is_named_R], 1]
    return version_R


def _counts(place: Ints, parts: int) -> Ints:
    counts_S: Ints = np.bincount(place[place >= 0], minlength=parts)
    return counts_S
