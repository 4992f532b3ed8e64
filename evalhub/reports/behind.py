"""The judgments behind a figure: how many, and how Browse is asked for exactly those.

A figure has `judgments`, their number, and `behind`, the filter of Browse beside the report's own; see
evalhub/browse/rows.py. An answer is no judgment: one judgment may rate two responses, or rank five.
Shapes: R answers, C cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.quality.choices import Answer, Counts

Ints = NDArray[np.int64]
Behind = dict[str, str]

GIVEN = {"answer": Answer.GIVEN.value}  # without those who could not tell
OF_TWO_MODELS = {"against": "other"}  # a model compared with itself counts for nothing


def behind_report(campaign: Campaign, counts: Counts) -> Behind:
    """What every figure of a report has in common."""
    return {"campaign": str(campaign.uid), "counts": counts.value}


def judgments_in(judgment_R: Ints) -> int:
    """How many there are, each once; soon told of keys that are nearly in order, as answers give them."""
    ordered_R = np.sort(judgment_R, kind="stable")
    return int(len(ordered_R) > 0) + int(np.count_nonzero(ordered_R[1:] != ordered_R[:-1]))


def first_of_each(*columns_R: Ints) -> NDArray[np.bool_]:
    """Which rows are the first with the same values in all columns, so that sums over them count once."""
    is_first_R = np.zeros(len(columns_R[0]), dtype=bool)
    order = np.lexsort(columns_R)
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = np.any([each[order[1:]] != each[order[:-1]] for each in columns_R], axis=0)
    is_first_R[order[starts]] = True
    return is_first_R
