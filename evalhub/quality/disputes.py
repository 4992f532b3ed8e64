"""The queue of tasks on which people said different things, for those who decide them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import Judgment
from evalhub.judgments.pilot import Disputed, side_by_side
from evalhub.judgments.told import fetch_answers
from evalhub.quality.models import Dispute

PAGE = 50


@dataclass(frozen=True)
class Queue:
    """Disputes, what matters most first; `following` is the value of `?after=` for what comes next."""

    rows: list[Dispute]
    following: str

    def __iter__(self) -> Iterator[Dispute]:
        return iter(self.rows)


def most_at_stake(campaign: Campaign, *, after: str = "") -> Queue:
    """One page of a campaign's disputes, after that of the task with uid `after`.

    An `after` that names none gives the first page.
    """
    rows = Dispute.objects.filter(campaign=campaign).select_related("task__prompt", "criterion")
    last = _named(rows, after)
    if last is not None:
        same = Q(matters=last.matters, task__gt=last.task_id)
        rows = rows.filter(matters__lte=last.matters)
        rows = rows.filter(Q(matters__lt=last.matters) | same)
    found = list(rows.order_by("-matters", "task")[: PAGE + 1])
    return Queue(found[:PAGE], str(found[PAGE - 1].task.uid) if len(found) > PAGE else "")


def all_disputes(campaign: Campaign) -> Iterator[Dispute]:
    """All of them in the same order, read a few thousand at a time."""
    rows = Dispute.objects.filter(campaign=campaign).select_related("task__prompt", "criterion")
    return rows.order_by("-matters", "task").iterator(chunk_size=2000)


def told_of(row: Dispute) -> dict[str, Any]:  # JSON
    """As the API and the command have it."""
    return {
        "task": str(row.task.uid),
        "prompt": str(row.task.prompt.uid),
        "criterion": row.criterion.slug if row.criterion else None,
        "is_passages": row.is_passages,
        "answers": row.answers,
        "probability": row.probability,
        "matters": row.matters,
    }


def said_about(task: Task) -> Disputed | None:
    """What everybody said about a task; None when nobody has. Whoever stands where is drawn by lot,
    for each task anew, so that nobody is known by their place.
    """
    rows = Judgment.objects.current().filter(task=task, is_extra=False, is_verdict=False)
    rows = rows.select_related("member", "assignment", "task__prompt", "campaign")
    judgments = sorted(rows, key=lambda each: _lot(task, each))
    for judgment in judgments:
        judgment.task.campaign = task.campaign
    fetch_answers(judgments)
    return side_by_side(judgments) if judgments else None


def _lot(task: Task, judgment: Judgment) -> bytes:
    return hashlib.sha256(task.uid.bytes + judgment.member.uid.bytes + judgment.uid.bytes).digest()


def _named(rows: QuerySet[Dispute], uid: str) -> Dispute | None:
    try:
        return rows.filter(task__uid=UUID(uid)).first()
    except ValueError:
        return None
