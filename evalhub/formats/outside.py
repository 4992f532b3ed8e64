"""What readers of other tools' formats share: each row is checked as if it were evalhub JSONL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from evalhub.formats.evalhub_jsonl import judgment_fault, prompt_fault
from evalhub.formats.reading import Piece, Seen, Unfit, fault_of, rejected
from evalhub.formats.rows import JudgmentRow, PromptRow, Rejected, Row

Cells = dict[str, Any]  # a row of somebody's file: any JSON
RowsOf = Callable[[Piece, Seen], Iterator[Row]]


def each_row(pieces: Iterable[Piece | Rejected], rows_of: RowsOf) -> Iterator[Row]:
    """The rows of each piece. What follows from a prompt that is refused is left out with it."""
    seen = Seen()
    for piece in pieces:
        if isinstance(piece, Rejected):
            yield piece
        elif not isinstance(piece.value, dict):
            yield rejected(piece, "", "A row must be a JSON object { … }.")
        else:
            yield from _fit(piece, rows_of, seen)


def _fit(piece: Piece, rows_of: RowsOf, seen: Seen) -> Iterator[Row]:
    refused: set[str] = set()
    try:
        for row in rows_of(piece, seen):
            if isinstance(row, Rejected):
                yield row
            elif isinstance(row, PromptRow):
                fault = _fault(piece, row, PromptRow) or prompt_fault(piece, row)
                if fault:
                    refused.add(row.id)
                yield fault or row
            elif row.prompt not in refused:
                yield _fault(piece, row, JudgmentRow) or judgment_fault(piece, row) or row
    except Unfit as unfit:
        yield rejected(piece, unfit.field, str(unfit))


def _fault(
    piece: Piece, row: PromptRow | JudgmentRow, kind: type[msgspec.Struct]
) -> Rejected | None:
    """Structs that we fill ourselves are not checked by msgspec until it reads them."""
    try:
        msgspec.convert(msgspec.to_builtins(row), kind)
    except msgspec.ValidationError as error:
        return rejected(piece, *fault_of(error))
    return None


def unknown_fields(piece: Piece, *known: str) -> tuple[str, ...]:
    return tuple(sorted(str(name)[:100] for name in set(piece.value) - set(known)))


def text_at(cells: Cells, name: str, *, field: str = "") -> str:
    """The text of a field, empty where it is missing or null."""
    value = cells.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unfit(field or name, "This must be text.")
    return str(value)


def list_at(cells: Cells, name: str) -> list[Any]:
    """The list of a field, empty where it is missing or null."""
    value = cells.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unfit(name, "This must be a list.")
    return value
