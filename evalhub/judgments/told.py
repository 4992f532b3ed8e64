"""A stored judgment as the answers that were sent, in terms of what was shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from evalhub.campaigns.models import TaskCompletion
from evalhub.judgments.models import (
    Correction,
    Demonstration,
    JudgedStep,
    JudgedToolCall,
    Judgment,
    Preference,
    RankedCompletion,
    Rating,
    Span,
)

FETCHED = (
    "fetched_"  # lists beside the managers: a query set for each of them costs more than the rows
)


def in_their_places() -> QuerySet[TaskCompletion]:
    """The responses of tasks, with their texts, each task's in its own order."""
    return TaskCompletion.objects.select_related("completion").order_by("place")


def fetch_answers(judgments: Sequence[Judgment]) -> None:
    """Read what all of them say by as many queries as for one, for `fetched_answers`."""
    prefetch_related_objects(
        judgments,
        Prefetch("task__placed", in_their_places()),
        *(Prefetch(name, rows, to_attr=FETCHED + name) for name, rows in _rows_by_name().items()),
        "demonstration",
    )


def _rows_by_name() -> dict[str, QuerySet[Any]]:
    return {
        "ratings": Rating.objects.prefetch_related("criterion").order_by("pk"),
        "preferences": Preference.objects.prefetch_related("criterion").order_by("pk"),
        "ranking": RankedCompletion.objects.order_by("tier", "pk"),
        "corrections": Correction.objects.order_by("pk"),
        "spans": Span.objects.order_by("pk"),
        "steps": JudgedStep.objects.order_by("pk"),
        "tool_calls": JudgedToolCall.objects.order_by("pk"),
    }


def _fetched(judgment: Judgment, name: str) -> list[Any]:  # `Any`: rows of one of several models
    rows: list[Any] = getattr(judgment, FETCHED + name)
    return rows


def answers_of(judgment: Judgment) -> dict[str, Any]:
    """The inverse of `findings_of`: labels again, as its member saw them.

    Imported judgments were never shown: their task's own order counts.
    """
    fetch_answers([judgment])
    return fetched_answers(judgment)


def fetched_answers(judgment: Judgment) -> dict[str, Any]:
    """The same of a judgment that `fetch_answers` has read."""
    order = judgment.assignment.permutation if judgment.assignment else None
    return _answers(judgment, order)


def answers_in_order(judgment: Judgment) -> dict[str, Any]:
    """The same with A for the task's first completion, as an expert's answer is kept."""
    fetch_answers([judgment])
    return _answers(judgment, None)


def _answers(judgment: Judgment, order: Sequence[int] | None) -> dict[str, Any]:
    places = [row.completion_id for row in judgment.task.placed.all()]
    shown = range(len(places)) if order is None else order
    labels: dict[int | None, str | None] = {
        places[place]: ascii_uppercase[nth] for nth, place in enumerate(shown)
    }
    labels[None] = None
    return {
        "ratings": _ratings(judgment, labels),
        "preferences": _preferences(judgment, labels),
        "ranking": _ranking(judgment, labels),
        "corrections": [
            {"response": labels[row.completion_id], "content": row.content}
            for row in _fetched(judgment, "corrections")
        ],
        "spans": [_span(row, labels) for row in _fetched(judgment, "spans")],
        "steps": [
            {"response": labels[row.completion_id], "step": row.step, "verdict": row.verdict}
            for row in _fetched(judgment, "steps")
        ],
        "tool_calls": [
            {
                "response": labels[row.completion_id],
                "call": row.call,
                "right_tool": row.right_tool,
                "right_arguments": row.right_arguments,
            }
            for row in _fetched(judgment, "tool_calls")
        ],
        "demonstration": _demonstration(judgment),
        "critique": judgment.critique,
    }


Labels = dict[int | None, str | None]


def _ratings(judgment: Judgment, labels: Labels) -> list[dict[str, Any]]:
    return [
        {
            "response": labels[row.completion_id],
            "criterion": row.criterion.slug,
            "turn": row.turn,
            "value": row.value,
            "reason": row.reason,
            "comment": row.comment,
        }
        for row in _fetched(judgment, "ratings")
    ]


def _preferences(judgment: Judgment, labels: Labels) -> list[dict[str, Any]]:
    found = []
    for row in _fetched(judgment, "preferences"):
        choice = labels[row.first_id if row.margin > 0 else row.second_id]
        if row.margin == 0:
            choice = "both_bad" if row.both_bad else "tie"
        criterion = row.criterion.slug if row.criterion else None
        strength = abs(row.margin) or 1
        told = {"criterion": criterion, "choice": choice, "strength": strength}
        found.append(told | {"comment": row.comment})
    return found


def _ranking(judgment: Judgment, labels: Labels) -> list[list[str]]:
    tiers: dict[int, list[str]] = defaultdict(list)
    for row in _fetched(judgment, "ranking"):
        tiers[row.tier].append(labels[row.completion_id] or "")
    return [sorted(tiers[tier]) for tier in sorted(tiers)]


def _span(row: Any, labels: Labels) -> dict[str, Any]:  # `Any`: mypy loses the related manager
    passage = None
    if row.document is not None:
        passage = {"document": row.document, "start": row.document_start, "end": row.document_end}
    names = ("start", "end", "error_type", "severity", "evidence", "note")
    told = {name: getattr(row, name) for name in names}
    return {"response": labels[row.completion_id], **told, "passage": passage}


def _demonstration(judgment: Judgment) -> str:
    try:
        return judgment.demonstration.content
    except Demonstration.DoesNotExist:
        return ""
