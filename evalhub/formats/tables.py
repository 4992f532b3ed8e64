"""Tables as rows of named cells: CSV and TSV, Parquet, XLSX. Formulas are never evaluated."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from evalhub.formats.reading import CHUNK, LONGEST_ROW, Piece, checked
from evalhub.formats.rows import Rejected, excerpt_of

MOST_COLUMNS = 1000
MOST_UNPACKED = 2**29  # bytes of a workbook's parts
DELIMITERS = ",;\t|"

_BROKEN = (  # what readers of other people's bytes raise; each names what it met
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    ParseError,
    RuntimeError,  # zipfile: the member is encrypted
    struct.error,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def csv_rows(stream: BinaryIO, *, has_head: bool = True) -> Iterator[Piece | Rejected]:
    """Each row by the names of the first one; blank rows are passed over.

    Args:
        stream: UTF-8, see encodings.
        has_head: whether the first row names the columns; else they are "column 1", "column 2", …
    """
    start = stream.read(CHUNK)
    csv.field_size_limit(LONGEST_ROW)
    text = io.TextIOWrapper(
        io.BufferedReader(_Again(start, stream)), "utf-8-sig", "surrogateescape", newline=""
    )
    reader = csv.reader(text, delimiter=delimiter_of(start.decode("utf-8-sig", "replace")))
    yield from _by_name(_numbered(reader), has_head=has_head)


def delimiter_of(start: str) -> str:
    """Which of comma, semicolon, tab and bar cuts the first rows into equally many cells."""
    lines = start.splitlines()[:20]
    best, most = ",", 1
    for each in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=each) if row]
        except csv.Error:
            continue
        usual = max(set(widths), key=widths.count, default=0)
        if usual > most and widths.count(usual) * 2 > len(widths):
            best, most = each, usual
    return best


def xlsx_rows(stream: BinaryIO, *, has_head: bool = True) -> Iterator[Piece | Rejected]:
    """The rows of the first sheet; of a formula the value that was saved with it."""
    import openpyxl  # workers only

    try:
        unpacked = sum(each.file_size for each in zipfile.ZipFile(stream).infolist())
        if unpacked > MOST_UNPACKED:
            reason = f"The workbook unpacks to {unpacked // 2**20:,} MiB; save it as CSV."
            yield Rejected(1, "", reason)
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that no cell needs
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # a size that the file claims; only its cells are believed
        yield from _by_name(_sheet(sheet.iter_rows(values_only=True)), has_head=has_head)
    except _BROKEN as error:
        yield Rejected(1, "", f"The workbook cannot be read: {_told(error)}.")


def parquet_rows(stream: BinaryIO) -> Iterator[Piece | Rejected]:
    """The rows batch by batch; nested cells stay nested."""
    from pyarrow import ArrowException, parquet  # workers only

    number = 0
    try:
        for batch in parquet.ParquetFile(stream).iter_batches(batch_size=256):
            for row in batch.to_pylist():
                number += 1
                yield row_of(number, {str(name): jsonable(cell) for name, cell in row.items()})
    except (ArrowException, *_BROKEN) as error:
        reason = f"From here the Parquet file cannot be read: {_told(error)}."
        yield Rejected(number + 1, "", reason)


def row_of(line: int, cells: dict[str, Any]) -> Piece | Rejected:
    try:
        return checked(Piece(line, cells, json.dumps(cells, ensure_ascii=False)))
    except RecursionError:
        return Rejected(line, "", "The row is nested too deeply.")


def jsonable(cell: Any) -> Any:  # what Parquet and XLSX hold
    """The cell as JSON types. Times as ISO 8601; what is no number is missing; bytes as text."""
    if cell is None or isinstance(cell, bool | int | str):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, Decimal):
        return jsonable(float(cell))
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogateescape")
    if isinstance(cell, dict):
        return {str(name): jsonable(each) for name, each in cell.items()}
    if isinstance(cell, list | tuple):
        return [jsonable(each) for each in cell]
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def _numbered(reader: Any) -> Iterator[tuple[int, list[Any]] | Rejected]:  # csv's own reader
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        reason = f"Not CSV: {error}. Is a quotation mark never closed? The rest was not read."
        yield Rejected(line, "", reason)


def _sheet(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[int, list[Any]]]:
    for line, row in enumerate(rows, start=1):
        yield line, [jsonable(cell) for cell in row[: MOST_COLUMNS + 1]]


def _by_name(
    rows: Iterator[tuple[int, list[Any]] | Rejected], *, has_head: bool
) -> Iterator[Piece | Rejected]:
    names: list[str] | None = None
    for each in rows:
        if isinstance(each, Rejected):
            yield each
            continue
        line, cells = each
        while cells and cells[-1] is None:
            cells.pop()
        if not any(cell not in (None, "") for cell in cells):
            continue
        if names is None:
            if len(cells) > MOST_COLUMNS:
                yield Rejected(line, "", f"More than {MOST_COLUMNS:,} columns.")
                return
            names = _names(cells if has_head else [""] * len(cells))
            if has_head:
                continue
        if len(cells) > len(names):
            reason = f"The row has {len(cells)} cells, the first row {len(names)}."
            yield Rejected(line, "", reason, excerpt_of(str(cells)))
            continue
        missing = [None] * (len(names) - len(cells))
        yield row_of(line, dict(zip(names, [*cells, *missing], strict=True)))


def _names(cells: Sequence[Any]) -> list[str]:
    """The columns' names: each has one, and none has another's."""
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = _storable(str(cell or "").strip()[:100]) or f"column {place}"
        while name in names:
            name = f"{name[:90]} ({place})"
        names.append(name)
    return names


def _storable(name: str) -> str:
    return name.replace("\x00", "").encode("utf-8", "replace").decode()


def _told(error: BaseException) -> str:
    return excerpt_of(str(error)).rstrip(".") or type(error).__name__


class _Again(io.RawIOBase):
    """A stream whose start was read already, from its start."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start, self._stream = start, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # any buffer
        view = memoryview(buffer)
        if not self._start:
            self._start = self._stream.read(len(view))
        taken, self._start = self._start[: len(view)], self._start[len(view) :]
        view[: len(taken)] = taken
        return len(taken)
