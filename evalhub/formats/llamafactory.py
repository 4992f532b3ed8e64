"""LLaMA-Factory's data folder as a zip: `dataset_info.json` names the files, their columns and tags
(data/README, v0.9). Every dataset whose file is in the zip is read; those of a hub are passed over.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from evalhub.formats import alpaca
from evalhub.formats.answers import Asked, check_pair, liked, preferred, shown
from evalhub.formats.chat import Tags, exchange_of, message_of, messages_of, tools_of, with_system
from evalhub.formats.containers import (
    ARCHIVE_FAULTS,
    Pieces,
    archive_fault,
    member_of,
    opened,
    pieces_of,
)
from evalhub.formats.outside import Cells, RowsOf, each_row, text_at
from evalhub.formats.reading import Piece, Seen, Unfit
from evalhub.formats.rows import Rejected, Row

INDEX = "dataset_info.json"
LONGEST_INDEX = 2**22

_ALPACA = {  # a column's word in the index: Alpaca's own name of it
    "prompt": "instruction",
    "query": "input",
    "response": "output",
    "history": "history",
    "system": "system",
    "tools": "tools",
    "chosen": "chosen",
    "rejected": "rejected",
    "kto_tag": "kto_tag",
}
_SPEAKERS = {  # a tag's word in the index: the speaker, and its usual name
    "user_tag": ("user", "human"),
    "assistant_tag": ("assistant", "gpt"),
    "observation_tag": ("tool", "observation"),
    "function_tag": ("function_call", "function_call"),
    "system_tag": ("system", "system"),
}


def fits(stream: BinaryIO) -> bool:
    """Whether the archive has an index; the stream is left at its start."""
    try:
        return _index_in(zipfile.ZipFile(stream)) is not None
    except ARCHIVE_FAULTS:
        return False
    finally:
        stream.seek(0)


def read(stream: BinaryIO) -> Iterator[Row]:
    try:
        archive = zipfile.ZipFile(stream)
        fault = archive_fault(archive)
        index = _index_in(archive)
        datasets = _datasets(archive, index) if index and not fault else {}
    except (*ARCHIVE_FAULTS, RecursionError) as error:
        yield Rejected(1, INDEX, f"The archive or its index cannot be read: {error}.")
        return
    if fault or index is None:
        yield Rejected(1, INDEX, fault or "The archive has no dataset_info.json.")
        return
    folder = PurePosixPath(index.filename).parent
    for name in sorted(datasets):
        yield from _dataset(archive, folder, name, datasets[name])


def _index_in(archive: zipfile.ZipFile) -> zipfile.ZipInfo | None:
    found = [each for each in archive.infolist() if PurePosixPath(each.filename).name == INDEX]
    return min(found, key=lambda each: len(PurePosixPath(each.filename).parts), default=None)


def _datasets(archive: zipfile.ZipFile, index: zipfile.ZipInfo) -> dict[str, Cells]:
    if index.file_size > LONGEST_INDEX:
        raise ValueError("it is too long")
    with member_of(archive, index) as stream:
        found = json.loads(stream.read())
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return {str(name): each for name, each in found.items() if isinstance(each, dict)}


def _dataset(
    archive: zipfile.ZipFile, folder: PurePosixPath, name: str, spec: Cells
) -> Iterator[Row]:
    file = str(folder / str(spec.get("file_name") or ""))
    if not spec.get("file_name") or file not in archive.namelist():
        return
    try:
        unpacked = member_of(archive, archive.getinfo(file))
    except ValueError as error:
        yield Rejected(1, file[:100], f"The file cannot be unpacked: {error}.")
        return
    with unpacked:
        pieces = _named(pieces_of(opened(unpacked)), name)
        yield from each_row(pieces, _rows_by(spec))


def _named(pieces: Pieces, name: str) -> Pieces:
    for each in pieces:
        if isinstance(each, Rejected):
            field = f"{name}: {each.field}"[:100]
            yield Rejected(each.line, field, each.reason, each.excerpt)
        else:
            yield Piece(each.line, each.value, each.text, name)


def _rows_by(spec: Cells) -> RowsOf:
    columns, tags = (
        given if isinstance(given := spec.get(name), dict) else {} for name in ("columns", "tags")
    )
    if spec.get("formatting", "alpaca") == "sharegpt":
        return lambda piece, seen: _talk(piece, seen, columns, tags)
    return lambda piece, seen: _instruction(piece, seen, columns)


def _instruction(piece: Piece, seen: Seen, columns: Cells) -> Iterator[Row]:
    names = {str(columns.get(word) or own): own for word, own in _ALPACA.items()}
    cells = {names.get(name, name): value for name, value in piece.value.items()}
    yield from alpaca.rows_of(Piece(piece.line, cells, piece.text, piece.file), seen)


def _talk(piece: Piece, seen: Seen, columns: Cells, given: Cells) -> Iterator[Row]:
    cells: Cells = piece.value
    tags = _tags(given)
    column = str(columns.get("messages") or "conversations")
    messages = messages_of(cells.get(column), column, tags)
    messages = with_system(messages, text_at(cells, str(columns.get("system") or "system")))
    used = {column, *(str(each) for each in columns.values()), "system", "tools"}
    ignored = tuple(sorted(set(cells) - used))
    documents = tools_of(cells, str(columns.get("tools") or "tools"))
    better, worse = columns.get("chosen"), columns.get("rejected")
    if better and worse:
        chosen, refused = (
            message_of(cells.get(str(each)), str(each), tags) for each in (better, worse)
        )
        check_pair(chosen, refused, field=str(worse))
        asked = Asked(piece, messages, documents=documents, ignored=ignored)
        yield from preferred(asked, seen, chosen, refused)
        return
    messages, answer = exchange_of(messages, column)
    asked = Asked(piece, messages, documents=documents, ignored=ignored)
    label = cells.get(str(columns["kto_tag"])) if columns.get("kto_tag") else None
    if label is None:
        yield from shown(asked, seen, answer)
    elif answer is None or not isinstance(label, bool):
        raise Unfit(
            str(columns["kto_tag"]), "This must be true or false, of a last turn that answers."
        )
    else:
        yield from liked(asked, seen, answer, is_good=label)


def _tags(given: dict[str, Any]) -> Tags:
    roles = {str(given.get(word) or usual): ours for word, (ours, usual) in _SPEAKERS.items()}
    return Tags(
        str(given.get("role_tag") or "from"), str(given.get("content_tag") or "value"), roles
    )
