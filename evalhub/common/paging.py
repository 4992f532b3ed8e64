"""Paging of pages: newest first by key, flat in the length of the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from evalhub.common.models import PublicModel

Row = TypeVar("Row", bound=PublicModel)
PAGE = 50


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows newest first; `older` is the value of `?before=` for what follows, if anything does."""

    rows: list[Row]
    older: UUID | None
    is_first: bool

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def newest_first(rows: QuerySet[Row], *, before: str = "", size: int = PAGE) -> Page[Row]:
    """One page of `rows`. A `before` that names no row of them gives the first page.

    Args:
        before: uid of the last row of the page before, as the URL carries it.
    """
    last = _row_named(rows, before)
    chosen = rows.order_by("-pk")
    if last is not None:
        chosen = chosen.filter(pk__lt=last)
    found = list(chosen[: size + 1])
    older = found[size - 1].uid if len(found) > size else None
    return Page(found[:size], older, is_first=last is None)


def _row_named(rows: QuerySet[Row], uid: str) -> int | None:
    try:
        wanted = UUID(uid)
    except ValueError:
        return None
    key: int | None = rows.filter(uid=wanted).values_list("pk", flat=True).first()
    return key
