"""More judgments where people disagree: a task's overlap grows until one answer is ahead by two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from uuid import UUID

from django.db.models import F, QuerySet

from evalhub.campaigns.models import Task
from evalhub.campaigns.services.steering import grow_overlap
from evalhub.judgments.models import (
    Judgment,
    Preference,
    RankedCompletion,
    Rating,
    undo_ended,
)
from evalhub.rubrics.models import ScaleKind
from evalhub.stats.settled import is_close, is_decided


def grow_if_undecided(*, judgment: UUID) -> bool:
    """After a judgment that completes its task: ask one person more if they disagree so far.

    While another of its task can still be withdrawn nobody knows yet: that one's news comes later.
    """
    rows = Task.objects.filter(judgments__uid=judgment).select_related("campaign")
    task = rows.filter(overlap__lt=F("campaign__most_overlap")).first()  # most campaigns have none
    if task is None or task.judged < task.overlap:
        return False
    others = Judgment.objects.filter(task=task).exclude(uid=judgment)
    if others.unsettled(before=undo_ended()).exists():
        return False
    return not _is_decided(task) and grow_overlap(task=task)


def _is_decided(task: Task) -> bool:
    current = Judgment.objects.filter(task=task).counted()
    if current.filter(is_verdict=True).exists():
        return True
    return (
        is_decided(_preferred(current))
        and is_decided(_ranked_first(current))
        and _is_rated(current)
    )


def _preferred(current: QuerySet[Judgment]) -> list[Hashable]:
    """The overall preference of each, as its direction; "both bad" is an answer of its own."""
    rows = Preference.objects.filter(judgment__in=current, criterion=None).order_by("pk")
    return [
        "both bad" if both_bad else (margin > 0) - (margin < 0)
        for margin, both_bad in rows.values_list("margin", "both_bad")
    ]


def _ranked_first(current: QuerySet[Judgment]) -> list[Hashable]:
    """What stands first in each ranking; an equal first place is an answer of its own."""
    first: dict[int, set[int]] = defaultdict(set)
    rows = RankedCompletion.objects.filter(judgment__in=current, tier=0).order_by("pk")
    for judgment, completion in rows.values_list("judgment_id", "completion_id"):
        first[judgment].add(completion)
    return [frozenset(each) for each in first.values()]


def _is_rated(current: QuerySet[Judgment]) -> bool:
    """Whether each required criterion of each completion is decided; missing is no answer."""
    found: dict[tuple[int | None, str, str], list[int]] = defaultdict(list)
    rows = Rating.objects.filter(judgment__in=current, turn=None, criterion__required=True)
    for completion, criterion, kind, value in rows.order_by("pk").values_list(
        "completion_id", "criterion__slug", "criterion__kind", "value"
    ):
        if value is not None:
            found[completion, criterion, kind].append(value)
    return all(
        is_close(values) if kind == ScaleKind.SCALE else is_decided(values)
        for (_completion, _criterion, kind), values in found.items()
    )
