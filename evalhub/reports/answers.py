"""A campaign's answers as arrays, for statistics. Shapes: R answers.

Rows come in PostgreSQL's binary form, which NumPy reads as it is: a million in about a second, where
building objects would take a minute.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment

Ints = NDArray[np.int64]

APART = (TaskKind.REPEAT, TaskKind.PRACTICE, TaskKind.QUALIFICATION)
# a second word of one person, no data, and an exam

_RATINGS = """
    SELECT r.criterion_id::bigint, t.prompt_id, coalesce(r.completion_id, 0),
           coalesce(r.turn, -1)::bigint, j.member_id, t.id, p.group_id,
           coalesce(r.value, {missing})::bigint
    FROM judgments_rating r
    JOIN judgments_judgment j ON j.id = r.judgment_id
    JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_prompt p ON p.id = t.prompt_id
    WHERE j.id IN ({judgments})
"""
_PREFERENCES = """
    SELECT coalesce(r.criterion_id, 0)::bigint, t.prompt_id, r.first_id, r.second_id,
           r.margin::bigint, r.both_bad::int::bigint,
           CASE WHEN shown.completion_id = r.first_id THEN 1
                WHEN shown.completion_id = r.second_id THEN -1 ELSE 0 END::bigint,
           j.member_id, t.id, p.group_id
    FROM judgments_preference r
    JOIN judgments_judgment j ON j.id = r.judgment_id
    JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_prompt p ON p.id = t.prompt_id
    LEFT JOIN campaigns_assignment a ON a.id = j.assignment_id
    LEFT JOIN campaigns_taskcompletion shown
      ON shown.task_id = t.id AND shown.place = a.permutation[1]
    WHERE j.id IN ({judgments})
"""
_RANKINGS = """
    SELECT 0::bigint, t.prompt_id, r.completion_id, s.completion_id,
           sign(s.tier - r.tier)::bigint, 0::bigint, 0::bigint, j.member_id, t.id, p.group_id
    FROM judgments_rankedcompletion r
    JOIN judgments_rankedcompletion s
      ON s.judgment_id = r.judgment_id AND s.completion_id > r.completion_id
    JOIN judgments_judgment j ON j.id = r.judgment_id
    JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_prompt p ON p.id = t.prompt_id
    WHERE j.id IN ({judgments})
"""
_MISSING = -(2**40)


@dataclass(frozen=True)
class Ratings:
    """`value` is NaN where somebody could not tell; `completion` 0 means the prompt alone."""

    criterion: Ints
    prompt: Ints
    completion: Ints
    turn: Ints
    member: Ints
    task: Ints
    group: Ints
    value: NDArray[np.float64]


@dataclass(frozen=True)
class Preferences:
    """`margin` above 0 is towards `first`, which has the lower key; `criterion` 0 means overall.

    `place` is 1 when `first` stood first on the page, -1 when it stood second, 0 when nobody knows.
    """

    criterion: Ints
    prompt: Ints
    first: Ints
    second: Ints
    margin: Ints
    both_bad: Ints
    place: Ints
    member: Ints
    task: Ints
    group: Ints


def ratings_of(campaign: Campaign) -> Ratings:
    """What people themselves said last, a reviewer's fix left out."""
    columns = _columns(_RATINGS.replace("{missing}", str(_MISSING)), campaign, 8)
    criterion, prompt, completion, turn, member, task, group, given = columns
    value = np.where(given == _MISSING, np.nan, given.astype(float))
    return Ratings(criterion, prompt, completion, turn, member, task, group, value)


def preferences_of(campaign: Campaign) -> Preferences:
    """Likewise; each two of a ranking are a preference."""
    compared = _columns(_PREFERENCES, campaign, 10)
    ranked = _columns(_RANKINGS, campaign, 10)
    criterion, prompt, one, two, margin, both_bad, place, member, task, group = (
        np.concatenate(both) for both in zip(compared, ranked, strict=True)
    )
    turned = one > two
    sign = np.where(turned, -1, 1)
    return Preferences(
        criterion=criterion,
        prompt=prompt,
        first=np.where(turned, two, one),
        second=np.where(turned, one, two),
        margin=margin * sign,
        both_bad=both_bad,
        place=place * sign,
        member=member,
        task=task,
        group=group,
    )


def _columns(statement: str, campaign: Campaign, width: int) -> Sequence[Ints]:
    rows = Judgment.objects.filter(campaign=campaign).own_words().exclude(task__kind__in=APART)
    chosen, values = rows.order_by().values("pk").query.sql_with_params()
    return binary_rows(statement.replace("{judgments}", chosen), values, width)


def binary_rows(statement: str, values: Sequence[Any], width: int) -> Sequence[Ints]:
    """The columns of a statement whose `width` columns are all bigint and never null.

    Source:
        PostgreSQL's documentation, COPY, "Binary Format": a head of 19 bytes and an extension, then
        for each row the number of columns and for each column its length and its bytes.
    """
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT BINARY)", values) as copy,
    ):
        parts = b"".join(copy)
    (extension,) = struct.unpack_from("!i", parts, 15)
    fields = [("columns", ">i2")]
    for nth in range(width):
        fields += [(f"length{nth}", ">i4"), (f"value{nth}", ">i8")]
    row = np.dtype(fields)
    count = (len(parts) - 19 - extension - 2) // row.itemsize
    table = np.frombuffer(parts, dtype=row, count=count, offset=19 + extension)
    return [table[f"value{nth}"].astype(np.int64) for nth in range(width)]
