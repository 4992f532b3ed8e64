"""Judgments given faster than their responses can be read. Listed for a lead; nobody is punished.

The rule: the words of the responses at WORDS_A_SECOND, against the active time of the judgment. People
read about 4 words a second in silence, and hardly anybody understands more than twice as many; the
prompt and the thinking are not counted at all, so what is listed was not read to its end. Texts that
put no spaces between words count as few, and are never listed wrongly.

Source:
    M. Brysbaert, "How many words do we read per minute?", Journal of Memory and Language 109, 2019:
    238 words a minute for non-fiction, and no evidence of understanding beyond about 400.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
from django.db.models import (
    BooleanField,
    Case,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    When,
)
from django.db.models.expressions import RawSQL
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign, TaskCompletion
from evalhub.judgments.models import Judgment
from evalhub.quality.arrays import columns_of_judgments
from evalhub.quality.columns import columns_of

WORDS_A_SECOND = 10
_MS_A_WORD = 1000 // WORDS_A_SECOND

_TIMED = """
    SELECT j.id, j.member_id, j.task_id, j.active_ms::bigint
    FROM judgments_judgment j WHERE j.id IN ({judgments})
"""

_BYTES = """
    SELECT c.task_id, octet_length(x.content)::bigint
    FROM campaigns_taskcompletion c
    JOIN campaigns_task t ON t.id = c.task_id
    JOIN prompts_completion x ON x.id = c.completion_id
    WHERE t.campaign_id = %s AND t.judged > 0
"""
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Haste:
    """One person's judgments whose time is known, and the hasty ones among them, newest first."""

    timed: int
    hasty: list[int] = field(default_factory=list)  # keys


def hasty_in(campaign: Campaign) -> dict[int, Haste]:
    """By the member's key, over first judgments that count."""
    said = Judgment.objects.filter(campaign=campaign, supersedes=None, active_ms__isnull=False)
    keys, member_R, task_R, active_R = columns_of_judgments(_TIMED, campaign, 4, said.own_words())
    tasks, at_R = np.unique(task_R, return_inverse=True)
    most_R = _most_words(campaign, tasks)[at_R]
    may_be_R = active_R < most_R * _MS_A_WORD
    words = _words_in(np.unique(task_R[may_be_R]))
    words_T = np.array([words.get(task, 0) for task in tasks.tolist()], dtype=np.int64)
    is_hasty_R = active_R < words_T[at_R] * _MS_A_WORD
    timed = Counter(member_R.tolist())
    hasty: dict[int, list[int]] = defaultdict(list)
    for nth in sorted(np.flatnonzero(is_hasty_R).tolist(), key=lambda nth: -keys[nth]):
        hasty[int(member_R[nth])].append(int(keys[nth]))
    return {member: Haste(count, hasty[member]) for member, count in timed.items()}


def _most_words(campaign: Campaign, task_T: Ints) -> Ints:
    """What the words of each task's responses cannot be more than: every other byte begins one.

    So that only few texts are read: the length of a text is known without it.
    """
    tasks, bytes_ = columns_of(_BYTES, [campaign.pk], 2)
    known, at = np.unique(tasks, return_inverse=True)
    most = np.bincount(at, (bytes_ + 1) // 2, minlength=len(known)).astype(np.int64)
    most_T = np.zeros(len(task_T), dtype=np.int64)
    in_T = np.isin(task_T, known)
    most_T[in_T] = most[np.searchsorted(known, task_T[in_T])]
    return most_T


def _words_in(task_T: Ints) -> dict[int, int]:
    """The words of the responses of each of the tasks, by its key."""
    shown = TaskCompletion.objects.filter(
        task__in=RawSQL("SELECT unnest(%s::bigint[])", [task_T.tolist()])
    )
    rows = shown.order_by().values("task").annotate(words=Sum(_Words("completion__content")))
    return dict(rows.values_list("task", "words"))


def is_hasty() -> Q:
    """Judgments that `hasty_in` finds, by a condition on each row: the words are counted where so many bytes
    may be as many words.
    """
    shown = TaskCompletion.objects.filter(task=OuterRef("task")).order_by().values("task")
    most = shown.annotate(most=Sum((_Bytes("completion__content") + 1) / 2) * _MS_A_WORD)
    words = shown.annotate(most=Sum(_Words("completion__content")) * _MS_A_WORD)
    is_faster = Case(
        When(active_ms__lt=Subquery(most.values("most")),
             then=Q(active_ms__lt=Subquery(words.values("most")))),
        default=False, output_field=BooleanField(),
    )  # fmt: skip
    return Q(is_faster, supersedes=None, active_ms__isnull=False)


class _Bytes(Func):
    function = "octet_length"
    output_field = IntegerField()


class _Words(Func):
    """How many words stand between blanks, tabs and line ends: 16 µs for 110 words, where `translate` takes four
    times as long and a regular expression six times.
    """

    template = (
        "cardinality(array_remove(string_to_array(replace(replace(replace("
        "%(expressions)s, chr(10), ' '), chr(9), ' '), chr(13), ' '), ' '), ''))"
    )
    output_field = IntegerField()
