"""The consensus on each thing that was judged in a campaign, the least sure first, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor
from string import ascii_uppercase
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from evalhub.campaigns.models import Campaign, Task, TaskCompletion
from evalhub.common.spreadsheets import csv_lines
from evalhub.quality.models import Adjudication, UnitConsensus
from evalhub.rubrics.models import Criterion, ScaleKind

PAGE = 50
NEITHER = "neither"  # of two is better
OVERALL = "overall"  # as in `quality.questions`, which needs numpy
_SLOP = 1e-9  # below any part that is kept
Row = dict[str, Any]  # JSON

HEAD = (
    "task", "prompt", "criterion", "rubric_version", "first", "second", "turn", "said", "answer",
    "probability", "error", "answers", "missing", "is_decided",
)  # fmt: skip


@dataclass(frozen=True)
class Sureness:
    """One page; `following` is the value of `?after=` for what comes next."""

    rows: list[UnitConsensus]
    following: str

    def __iter__(self) -> Iterator[UnitConsensus]:
        return iter(self.rows)


def consensus_in(
    campaign: Campaign, *, question: str = "", below: float | None = None
) -> QuerySet[UnitConsensus]:
    """What people say together, in the order of `-doubt, pk`.

    Args:
        question: a criterion's slug, or "overall"; empty: all.
        below: only what is less sure than this, 0 to 1; numbers have no probability and are left out.
    """
    rows = UnitConsensus.objects.filter(campaign=campaign)
    order = ["-doubt", "pk"]
    keys = _keys_of(campaign, question) if question not in ("", OVERALL) else []
    if question == OVERALL:
        rows = rows.filter(criterion=None)
    elif question:
        rows = rows.filter(criterion__in=keys)
    # all rows have the same criterion then, which PostgreSQL does not see of a null
    if question == OVERALL or len(keys) == 1:
        order = ["criterion_id", *order]
    if below is not None:  # the bound of the index besides, so that it is not walked to its end
        rows = rows.filter(probability__lt=below, doubt__gt=1 - below - _SLOP)
    place = TaskCompletion.objects.filter(task=OuterRef("task"))
    return (
        rows.select_related("task__prompt", "criterion__version", "first", "second")
        .defer("first__content", "second__content")
        .annotate(
            first_place=Subquery(place.filter(completion=OuterRef("first")).values("place")[:1]),
            second_place=Subquery(place.filter(completion=OuterRef("second")).values("place")[:1]),
            is_decided=Exists(Adjudication.objects.filter(task=OuterRef("task"))),
        )
        .order_by(*order)
    )


def least_sure(
    campaign: Campaign, *, question: str = "", below: float | None = None, after: str = ""
) -> Sureness:
    """One page after the place that `after` names; one that names none gives the first page."""
    rows = consensus_in(campaign, question=question, below=below)
    last = _place_of(after)
    if last is not None:
        doubt, key = last
        rows = rows.filter(doubt__lte=doubt).filter(Q(doubt__lt=doubt) | Q(pk__gt=key))
    found = list(rows[: PAGE + 1])
    more = len(found) > PAGE
    return Sureness(found[:PAGE], f"{found[PAGE - 1].doubt!r}_{found[PAGE - 1].pk}" if more else "")


def consensus_on(task: Task) -> list[UnitConsensus]:
    """What people say together on the things of a task, question by question."""
    rows = consensus_in(task.campaign).filter(task=task)
    return sorted(rows, key=lambda each: (each.criterion_id or 0, each.pk))


def questions_in(campaign: Campaign) -> list[tuple[str, str]]:
    """What the list can be narrowed to: slug and name."""
    criteria = Criterion.objects.filter(version__in=_versions(campaign)).order_by("position", "pk")
    named = dict(criteria.exclude(kind=ScaleKind.TEXT).values_list("slug", "name"))
    return [(OVERALL, _("overall")), *named.items()]


def told(row: UnitConsensus) -> Row:
    """As the API, the command and the CSV have it."""
    criterion = row.criterion
    return {
        "task": str(row.task.uid),
        "prompt": str(row.task.prompt.uid),
        "criterion": criterion.slug if criterion else None,
        "rubric_version": criterion.version.number if criterion else None,
        "first": str(row.first.uid) if row.first else None,
        "second": str(row.second.uid) if row.second else None,
        "turn": row.turn,
        "said": said(row),
        "answer": row.answer,
        "probability": row.probability,
        "error": row.error,
        "answers": row.answers,
        "missing": row.missing,
        "is_decided": row.is_decided,  # type: ignore[attr-defined]  # annotated
    }


def said(row: UnitConsensus) -> str:
    """Which response is better, or the criterion's own word; the same in every language, for programs."""
    if row.second_id is not None:
        if not row.answer:
            return NEITHER
        return letter(row, is_first=row.answer > 0)
    if row.criterion is None:
        return f"{row.answer:g}"
    if row.criterion.kind == ScaleKind.NUMBER:
        return f"{row.answer:.2f}"
    return row.criterion.words_for(floor(row.answer + 0.5))


def letter(row: UnitConsensus, *, is_first: bool) -> str:
    """A is the task's first response; a person's own edit has no place among them."""
    place = row.first_place if is_first else row.second_place  # type: ignore[attr-defined]  # annotated
    return "?" if place is None else ascii_uppercase[place]


def everything(
    campaign: Campaign, *, question: str = "", below: float | None = None
) -> Iterator[Row]:
    """All rows, read a few thousand at a time by a cursor of the server."""
    rows = consensus_in(campaign, question=question, below=below)
    yield from map(told, rows.iterator(chunk_size=2000))


def as_csv(campaign: Campaign, *, question: str = "", below: float | None = None) -> Iterator[str]:
    rows = everything(campaign, question=question, below=below)
    return csv_lines(HEAD, ([row[name] for name in HEAD] for row in rows))


def _keys_of(campaign: Campaign, slug: str) -> list[int]:
    criteria = Criterion.objects.filter(version__in=_versions(campaign), slug=slug)
    return list(criteria.values_list("pk", flat=True))


def _versions(campaign: Campaign) -> list[int]:
    """Of the campaign's rubric: the one that it asks, the one it tries beside, and those of before."""
    if campaign.rubric_version is None:
        return []
    versions = campaign.rubric_version.rubric.versions
    return list(versions.values_list("pk", flat=True))


def _place_of(after: str) -> tuple[float, int] | None:
    doubt, _bar, key = after.partition("_")
    try:
        return float(doubt), int(key)
    except ValueError:
        return None
