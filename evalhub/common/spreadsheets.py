"""CSV as spreadsheets read it, row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of the file. No text is a formula: a spreadsheet would run it. Numbers stay."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(head)  # the mark tells spreadsheets that it is UTF-8
    for row in rows:
        yield writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])


def inert(cell: str) -> str:
    """Put an apostrophe ahead of what a spreadsheet would take for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else cell
