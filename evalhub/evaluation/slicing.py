"""Differences by the slices of the prompts. Needs scipy: workers import this, pages never do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

import numpy as np
from django.db.models import Q

from evalhub.accounts.models import Workspace
from evalhub.common.files import Beat, unwatched
from evalhub.common.uids import is_uid
from evalhub.evaluation.drawn import with_direction
from evalhub.evaluation.measures import (
    Measure,
    PairedRow,
    Tables,
    difference_on,
    measures_of,
    paired_rows,
)
from evalhub.prompts.models import Prompt
from evalhub.stats.association import FEWEST, p_of_no_difference
from evalhub.stats.many_tests import holm

MOST = 40  # slices: those with the most prompt groups
RESAMPLES = 1000
_AT_ONCE = 1000

Slices = Mapping[str, set[str]]  # of a prompt group: "language=de", …


def by_slice(
    before: Tables, after: Tables, slices: Slices, beat: Beat = unwatched
) -> dict[str, Any]:
    """The differences within each slice, those with the most prompt groups first.

    Returns:
        {"slices": [{"slice", "groups", "metrics"}], "left_out"}. metrics: {name: a Difference with "p", of
        no difference, and "corrected": the same after Holm over all slices of that figure}. Slices of
        fewer than five groups, and those beyond the first 40, are counted in `left_out`.
    """
    sizes = Counter(name for group in groups_in(after) for name in slices.get(group, ()))
    large = [name for name, size in sorted(sizes.items(), key=_by_size) if size >= FEWEST][:MOST]
    metrics: dict[str, dict[str, Any]] = {name: {} for name in large}
    for figure, measure in measures_of(after).items() if large else ():
        rows = paired_rows(measure, before, after)
        for name in large:
            within = [row for row in rows if name in slices.get(row[0], ())]
            if within:
                difference = _difference(measure, within, beat)
                metrics[name][figure] = with_direction(figure, difference, after)
        _correct([each[figure] for each in metrics.values() if figure in each])
    found = [{"slice": name, "groups": sizes[name], "metrics": metrics[name]} for name in large]
    return {"slices": found, "left_out": len(sizes) - len(large)}


def slices_of(workspace: Workspace, groups: set[str]) -> Slices:
    """Of each prompt group the slices of its prompts, as a gate has them: merged ones by their root."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    names = iter(sorted(filter(is_uid, groups)))  # else it is none of our prompts'
    while part := list(islice(names, _AT_ONCE)):
        mine = Q(group__uid__in=part) | Q(group__merged_into__uid__in=part)
        prompts = Prompt.objects.filter(mine, workspace=workspace).exclude(slices={})
        rows = prompts.values_list("group__uid", "group__merged_into__uid", "slices")
        for own, root, slices in rows.order_by("pk"):
            found[str(root or own)].update(f"{key}={value}" for key, value in slices.items())
    return found


def groups_in(tables: Tables) -> set[str]:
    """Prompt groups; the documents of harness tasks are nobody's prompts."""
    return {
        row["group"]
        for name, rows in tables.items()
        if name not in ("harness", "figures")
        for row in rows
    }


def _difference(measure: Measure, rows: Sequence[PairedRow], beat: Beat) -> dict[str, Any]:
    found = difference_on(measure, rows, resamples=RESAMPLES, beat=beat)
    return asdict(found) | {"p": p_of_no_difference(found)}


def _correct(told: list[dict[str, Any]]) -> None:
    """Holm over the slices of one figure."""
    p_T = np.array([np.nan if each["p"] is None else each["p"] for each in told])
    for each, corrected in zip(told, holm(p_T), strict=True):
        each["corrected"] = None if np.isnan(corrected) else float(corrected)


def _by_size(each: tuple[str, int]) -> tuple[int, str]:
    return -each[1], each[0]
