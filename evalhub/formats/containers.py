"""How rows are packed: JSON Lines, a JSON array, one JSON object, CSV, Parquet, XLSX, a zip of such."""

from __future__ import annotations

import io
import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, NamedTuple

from msgspec.structs import replace

from evalhub.formats.encodings import UTF8, Encoding, as_utf8, encoding_of
from evalhub.formats.reading import LONGEST_ROW, Piece, checked, items, lines
from evalhub.formats.rows import Rejected
from evalhub.formats.tables import csv_rows, parquet_rows, xlsx_rows

Packing = Literal["lines", "array", "object", "csv", "parquet", "xlsx", "zip"]
TEXT = ("lines", "array", "object", "csv")
MOST_FILES, MOST_UNPACKED = 1000, 2**33  # of an archive: files, bytes
IN_ARCHIVES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".xlsx")

ARCHIVE_FAULTS = (  # what zipfile raises where an archive is damaged, encrypted or newer than it
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)

Pieces = Iterator[Piece | Rejected]


class Packed(NamedTuple):
    """A file and how to read it."""

    stream: BinaryIO
    packing: Packing
    encoding: Encoding


def opened(stream: BinaryIO) -> Packed:
    """Look at the file; the stream is left at its start. Text is looked through to its end."""
    head = stream.read(4)
    stream.seek(0)
    if head == b"PAR1":
        return Packed(stream, "parquet", UTF8)
    if head == b"PK\x03\x04":
        return Packed(stream, "xlsx" if _is_workbook(stream) else "zip", UTF8)
    encoding = encoding_of(stream)
    packing = _packing_of_text(as_utf8(stream, encoding))
    stream.seek(0)
    return Packed(stream, packing, encoding)


def is_binary(stream: BinaryIO) -> bool:
    """Whether only a worker reads such a file; the stream is left at its start."""
    head = stream.read(4)
    stream.seek(0)
    return head in (b"PAR1", b"PK\x03\x04")


def pieces_of(packed: Packed, *, has_head: bool = True) -> Pieces:
    """Each row as a value, or why it is none; memory holds one row, or one batch of Parquet."""
    if packed.packing == "parquet":
        return parquet_rows(packed.stream)
    if packed.packing == "xlsx":
        return xlsx_rows(packed.stream, has_head=has_head)
    if packed.packing == "zip":
        return _members(packed.stream, has_head)
    text = as_utf8(packed.stream, packed.encoding)
    if packed.packing == "csv":
        return csv_rows(text, has_head=has_head)
    readers: dict[str, Callable[[BinaryIO], Pieces]] = {"lines": lines, "array": items}
    return readers.get(packed.packing, _one_object)(text)


def files_in(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """What of the archive may hold rows, by name. Nothing is ever unpacked under its own name."""
    found = []
    for each in archive.infolist():
        path = PurePosixPath(each.filename)
        hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
        if path.suffix.lower() in IN_ARCHIVES and not hidden and not each.is_dir():
            found.append(each)
    return sorted(found, key=lambda each: each.filename)


def archive_fault(archive: zipfile.ZipFile) -> str:
    """Why the archive is not read; empty if it is."""
    members = archive.infolist()
    unpacked = sum(each.file_size for each in members)
    if len(members) > MOST_FILES:
        return f"The archive holds more than {MOST_FILES:,} files."
    if unpacked > MOST_UNPACKED:
        return f"The archive unpacks to {unpacked // 2**20:,} MiB, more than {MOST_UNPACKED // 2**20:,}."
    return ""


def member_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    """The member's bytes in a temporary file. ZipFile reads no more of them than the member claims.

    Raises:
        ValueError: it is encrypted, damaged, or packed in a way that we do not know.
    """
    target = tempfile.TemporaryFile(prefix="evalhub-")  # noqa: SIM115  it goes with its reader
    try:
        with archive.open(member) as source:
            while piece := source.read(2**20):
                target.write(piece)
    except ARCHIVE_FAULTS as error:
        target.close()
        raise ValueError(str(error)) from error
    target.seek(0)
    return target


def _members(stream: BinaryIO, has_head: bool) -> Pieces:  # noqa: FBT001  see pieces_of
    try:
        archive = zipfile.ZipFile(stream)
    except ARCHIVE_FAULTS as error:
        yield Rejected(1, "", f"The archive cannot be read: {error}.")
        return
    if fault := archive_fault(archive):
        yield Rejected(1, "", fault)
        return
    for each in files_in(archive):
        yield from _member(archive, each, has_head)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, has_head: bool) -> Pieces:  # noqa: FBT001
    name = member.filename
    try:
        unpacked = member_of(archive, member)
    except ValueError as error:
        yield Rejected(1, name[:100], f"The file cannot be unpacked: {error}.")
        return
    with unpacked:
        packed = opened(unpacked)
        if packed.packing == "zip":
            yield Rejected(1, name[:100], "An archive inside an archive is not read.")
            return
        for each in pieces_of(packed, has_head=has_head):
            if isinstance(each, Rejected):
                yield replace(each, field=f"{name}: {each.field}"[:100])
            else:
                yield Piece(each.line, each.value, each.text, name)


def _is_workbook(stream: BinaryIO) -> bool:
    try:
        return "xl/workbook.xml" in zipfile.ZipFile(stream).namelist()
    except ARCHIVE_FAULTS:
        return False
    finally:
        stream.seek(0)


def _packing_of_text(stream: BinaryIO) -> Packing:
    buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
    raw = buffered.read(LONGEST_ROW).lstrip(b"\xef\xbb\xbf \t\r\n")
    if raw[:1] == b"[":
        return "array"
    if raw[:1] != b"{":
        return "csv"
    first = raw.split(b"\n", 1)[0].strip()
    if first in (b"{", b"{\r") or not first.endswith(b"}"):
        return "object" if _is_one(raw) else "lines"
    return "lines"


def _is_one(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


def _one_object(stream: BinaryIO) -> Pieces:
    text = stream.read(LONGEST_ROW).decode("utf-8-sig")
    yield checked(Piece(1, json.loads(text), text))
