"""Judgments as bytes of JSONL, CSV or Parquet, a page at a time.

What one page becomes can be appended to what earlier pages became, and nothing else follows until
the end: so a file that was cut behind a page is as good as one that was never interrupted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from evalhub.common.spreadsheets import inert
from evalhub.reports.choices import ExportFormat
from evalhub.reports.columns import Columns
from evalhub.reports.parquet import Parquet
from evalhub.reports.records import Record


class Writing(Protocol):
    def head(self) -> bytes:
        """What stands ahead of the first page."""

    def page(self, records: Iterable[Record]) -> bytes:
        """What is appended for a page."""

    def finish(self, part: Path, target: Path) -> None:
        """Make the whole `part` into `target`, at once or not at all."""


def writing(format: ExportFormat, columns: Columns) -> Writing:
    """How a campaign with those columns is written.

    Raises:
        ParquetNotInstalled: Parquet needs pyarrow, and it is not there.
    """
    if format == ExportFormat.PARQUET:
        return Parquet(columns)
    return Csv(columns) if format == ExportFormat.CSV else JsonLines()


class JsonLines:
    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()

    def head(self) -> bytes:
        return b""

    def page(self, records: Iterable[Record]) -> bytes:
        return bytes(self._encoder.encode_lines(records))

    def finish(self, part: Path, target: Path) -> None:
        part.replace(target)


class Csv:
    """No cell of words is a formula: a spreadsheet would run it."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        places: dict[str, list[int]] = {}
        for nth, column in enumerate(columns.all):
            places.setdefault(column.type, []).append(nth)
        self._words = places["text"]
        self._yes_no, self._moments = places["yes_no"], places["moment"]

    def head(self) -> bytes:
        names = self._lines([[column.name for column in self._columns.all]])
        return "\ufeff".encode() + names  # the mark tells spreadsheets that it is UTF-8

    def page(self, records: Iterable[Record]) -> bytes:
        return self._lines(map(self._line, records))

    def finish(self, part: Path, target: Path) -> None:
        part.replace(target)

    def _line(self, record: Record) -> list[Any]:
        cells = self._columns.cells(record)
        for nth in self._words:
            if cells[nth]:
                cells[nth] = inert(cells[nth])
        for nth in self._yes_no:
            cells[nth] = "true" if cells[nth] else "false"
        for nth in self._moments:
            cells[nth] = moment(cells[nth])
        return cells

    def _lines(self, rows: Iterable[list[Any]]) -> bytes:
        stream = io.StringIO(newline="")
        csv.writer(stream).writerows(rows)
        return stream.getvalue().encode()


def moment(value: datetime) -> str:
    """ISO 8601 in UTC, as the JSONL has it."""
    text: str = msgspec.to_builtins(value)
    return text
