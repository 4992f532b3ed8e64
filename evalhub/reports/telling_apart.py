"""How well each person tells models apart, and what their comparisons count for. Shapes: A people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from evalhub.accounts.models import Member
from evalhub.reports.behind import Behind, first_of_each
from evalhub.reports.comparisons import Compared, as_shown
from evalhub.reports.figures import interval
from evalhub.stats.discrimination import FOLDS, Said, Slopes, weights
from evalhub.stats.intervals import buckets
from evalhub.stats.proportions import Z

Beat = Callable[[], object]


def weighed(compared: Compared, models: int, beat: Beat) -> tuple[Slopes, Compared]:
    """Everybody's slope by all prompts, in the order of their keys; and the comparisons, each with that of
    who said it by the other prompts.
    """
    members, rater = np.unique(compared.member, return_inverse=True)
    fold = buckets(int(compared.group.max(initial=-1)) + 1, at_most=FOLDS)[compared.group]
    parts = [
        (rater[row], left, right, said, fold[row], weight)
        for row, left, right, said, weight in as_shown(compared)
    ]
    said = Said.of(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    found = weights(said, models=models, raters=len(members), beat=beat)
    slope = found.slope_C[found.class_AF[rater, fold]]
    return found.whole, replace(compared, slope=slope)


def people_of(slopes: Slopes, compared: Compared, about: Behind) -> list[dict[str, Any]]:
    """By name: `discrimination`, and in how many judgments they compared two models."""
    members, rater = np.unique(compared.member, return_inverse=True)
    apart = compared.first != compared.second
    is_first = first_of_each(compared.judgment[apart])
    judgments_A = np.bincount(rater[apart][is_first], minlength=len(members))
    known = Member.objects.in_bulk(members.tolist())
    reach_A = Z * slopes.error_A
    rows = [
        {
            "annotator": known[pk].pseudonym,
            "member": str(known[pk].uid),
            "discrimination": interval(value, value - reach_A[at], value + reach_A[at]),
            "judgments": int(judgments_A[at]),
            "behind": about | {"member": str(known[pk].uid)},
        }
        for at, (pk, value) in enumerate(zip(members.tolist(), slopes.slope_A, strict=True))
        if judgments_A[at]
    ]
    return sorted(rows, key=lambda row: row["annotator"])
