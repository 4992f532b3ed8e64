"""The file of an import, opened by what is known of it: its packing, encoding, format and mapping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from evalhub.common.files import file_store
from evalhub.formats.containers import Packed, opened, pieces_of
from evalhub.formats.mapping import BadMapping, Mapping, mapping_of
from evalhub.formats.readers import ASKING, TABLE, Kind, UnknownFormat, format_of, rows_in
from evalhub.formats.reading import Piece
from evalhub.formats.rows import JudgmentRow, Row
from evalhub.imports.errors import UnreadableFile
from evalhub.imports.models import Import, ImportKind

SHOWN = 5  # rows of a table, beside its columns


@dataclass(frozen=True)
class OpenFile:
    """What was found out, and the rows behind it."""

    source: Import
    packed: Packed
    format: str
    mapping: Mapping | None

    @property
    def needs_mapping(self) -> bool:
        return self.format == TABLE and self.mapping is None

    @property
    def asks(self) -> bool:
        """Whether its judgments answer questions that the file brings along."""
        return self.format in ASKING and self.source.kind == ImportKind.JUDGMENTS

    def rows(self) -> Iterator[Row]:
        """From the start, under the rubric that was asked for if one was."""
        self.packed.stream.seek(0)
        kind: Kind = "prompts" if self.source.kind == ImportKind.PROMPTS else "judgments"
        rows = rows_in(self.packed, format=self.format, kind=kind, mapping=self.mapping)
        slug = self.source.rubric
        if not slug:
            return rows
        return (replace(row, rubric=slug) if isinstance(row, JudgmentRow) else row for row in rows)

    def head(self) -> dict[str, Any]:
        """The columns of a table and its first rows, for whoever says what they are."""
        self.packed.stream.seek(0)
        columns: dict[str, None] = {}
        rows: list[dict[str, Any]] = []
        for piece in pieces_of(self.packed):
            if isinstance(piece, Piece) and isinstance(piece.value, dict):
                columns |= dict.fromkeys(piece.value)
                rows.append({name: shown(cell) for name, cell in piece.value.items()})
            if len(rows) == SHOWN:
                break
        return {"columns": list(columns), "rows": rows}

    def told(self) -> dict[str, Any]:
        """For the page: how the file was read."""
        encoding = self.packed.encoding
        return {
            "format": self.format,
            "packing": self.packed.packing,
            "encoding": encoding.title,
            "guessed": encoding.is_guessed,
        }


@contextmanager
def open_file(source: Import) -> Iterator[OpenFile]:
    """Open it; every fault of the whole file is an UnreadableFile.

    Raises:
        UnreadableFile: the file is in none of our formats, or the mapping does not fit it.
    """
    with file_store().open(source.file_key) as stream:
        try:
            packed = opened(stream)
            mapping = mapping_of(source.mapping) if source.mapping else None
            name = TABLE if mapping else source.format
            yield OpenFile(source, packed, format_of(packed) if name == "auto" else name, mapping)
        except (UnknownFormat, BadMapping) as error:
            raise UnreadableFile(str(error)) from error


def shown(cell: Any) -> str:  # any JSON
    text = "" if cell is None else cell if isinstance(cell, str) else str(cell)
    return text[:200] + ("…" if len(text) > 200 else "")
