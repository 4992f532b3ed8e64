"""One page of what is asked for, at any size of the table.

Where the planner says that sorting all that match is cheap, it is done. Where it is not, rows are
walked newest first, a stretch at a time: the page says how far it came, and goes on from there. So
a page never waits for a filter that is common in one place and absent in another.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F

from evalhub.browse.rows import Asked, Rows

SIZE = 50
FEW, CHEAP = 20_000, 60_000.0  # rows, and the planner's own measure of the work, for one page
STRETCH, STRETCH_OF_TEXTS = 10_000, 1_000  # rows looked through for one page
MOST_COUNTED = 10_000
SORTED = (F("pk") + 0).desc()  # newest first, as no index gives it: so none is walked


@dataclass(frozen=True)
class Found:
    """`older` is the value of `?before=` for what follows; after a stretch it names a row looked at."""

    rows: list[Any]
    older: UUID | None
    is_first: bool
    is_stretch: bool  # there may be more than these among what follows
    count: int | None  # of all that match; None: more than MOST_COUNTED, or nobody has counted

    def __len__(self) -> int:
        return len(self.rows)


def found(asked: Asked, *, parts: tuple[str, ...], before: str = "", size: int = SIZE) -> Found:
    """A page of `size` rows, newest first. A `before` that names no row gives the first page."""
    last = _key_of(asked.walked, before)
    rows = asked.rows if last is None else asked.rows.filter(pk__lt=last)
    if not asked.is_narrowed:
        page = list(rows.select_related(*parts).order_by("-pk")[: size + 1])
        return _page(page, last, size, count=_count(asked.rows))
    if is_cheap(asked.rows):
        keys = rows.order_by(SORTED).values_list("pk", flat=True)[: size + 1]
        # alone, as the planner was asked: with all parts beside it takes another way
        named = asked.walked.filter(pk__in=list(keys)).select_related(*parts)
        return _page(list(named.order_by("-pk")), last, size, count=_count(asked.rows))
    end = _end_of_stretch(asked, last)
    rows = rows if end is None else rows.filter(pk__gte=end[0])
    page = list(rows.select_related(*parts).order_by("-pk")[: size + 1])
    if len(page) > size or end is None:
        return _page(page, last, size, count=None)
    return Found(page, end[1], is_first=last is None, is_stretch=True, count=None)


def _page(rows: list[Any], last: int | None, size: int, *, count: int | None) -> Found:
    older = rows[size - 1].uid if len(rows) > size else None
    return Found(rows[:size], older, is_first=last is None, is_stretch=False, count=count)


def is_cheap(rows: Rows) -> bool:
    """Whether the planner expects that reading all of `rows` is soon done."""
    told = rows.order_by().values("pk").explain(format="json")
    if not told:  # Django sees that nothing can match, and asks nobody
        return True
    plan = json.loads(told)[0]["Plan"]
    return bool(plan["Plan Rows"] <= FEW and plan["Total Cost"] <= CHEAP)


def _count(rows: Rows) -> int | None:
    count = rows.order_by().values("pk")[: MOST_COUNTED + 1].count()
    return count if count <= MOST_COUNTED else None


def _end_of_stretch(asked: Asked, last: int | None) -> tuple[int, UUID] | None:
    """Key and uid of the last row that is looked at for this page; None: there are fewer."""
    length = STRETCH_OF_TEXTS if asked.reads_texts else STRETCH
    walked = asked.walked if last is None else asked.walked.filter(pk__lt=last)
    keys = walked.order_by("-pk").values_list("pk", flat=True)[length - 1 : length]
    key = next(iter(keys), None)
    if key is None:
        return None
    return key, asked.walked.values_list("uid", flat=True).get(pk=key)


def _key_of(walked: Rows, uid: str) -> int | None:
    try:
        wanted = UUID(uid)
    except ValueError:
        return None
    key: int | None = walked.filter(uid=wanted).values_list("pk", flat=True).first()
    return key
