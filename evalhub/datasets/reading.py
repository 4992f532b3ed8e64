"""Finding rows in the files of a build without reading all of them.

Every file of lines with an `id` is sorted by it, so a line is found by halving its bytes; a page of
rows goes on where the last one ended, by its place in the file.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from evalhub.common.errors import NotFound
from evalhub.common.files import file_store
from evalhub.datasets.errors import NotBuilt
from evalhub.datasets.models import DatasetBuild

PAGE = 20  # rows
MOST_READ = 20_000  # lines that one search looks through before it asks whether to go on
_ROW = re.compile(r"[0-9a-f]{8,64}")


class Line(NamedTuple):
    place: int  # of its first byte
    after: int  # of the byte behind it
    text: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found


class Lines:
    """One file of a build, opened for looking around in it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size = stream.seek(0, io.SEEK_END)

    def from_place(self, place: int) -> Iterator[Line]:
        """Whole lines, from the first that begins at `place` or behind it."""
        self._stand_at(place)
        place = self._stream.tell()
        while text := self._stream.readline():
            yield Line(place, place + len(text), text)
            place += len(text)

    def named(self, name: str) -> dict[str, Any] | None:
        """The line of that id."""
        line = next(self.from_place(self._first_from(name)), None)
        if line is None or line.body["id"] != name:
            return None
        return line.body

    def _first_from(self, name: str) -> int:
        """Where the first line begins whose id is `name` or higher."""
        low, high = 0, self._size
        while low < high:
            middle = (low + high) // 2
            self._stand_at(middle)
            place = self._stream.tell()
            if place >= high:
                high = middle
                continue
            text = self._stream.readline()
            if json.loads(text)["id"] < name:
                low = place + len(text)
            else:
                high = middle
        return low

    def _stand_at(self, place: int) -> None:
        """At `place`, if a line begins there; else behind the line that it is in."""
        self._stream.seek(max(place - 1, 0))
        if place > 0:
            self._stream.readline()


@dataclass(frozen=True)
class RowsPage:
    """Rows with the lines of their lineage; `following` is the place of what comes next, if any."""

    rows: list[tuple[dict[str, Any], dict[str, Any]]]
    following: int | None
    looked_at: int  # lines


def rows_page(build: DatasetBuild, split: str, *, place: int = 0, text: str = "") -> RowsPage:
    """A page of the rows of one split, from a place in its file on.

    Args:
        text: what their texts must hold, whatever its case; empty: all rows. A search ends after
            MOST_READ lines, found or not, and goes on from `following`.
    """
    found: list[dict[str, Any]] = []
    following, looked_at = None, 0
    with opened(build, f"{split}.jsonl") as stream:
        for line in Lines(stream).from_place(place):
            if len(found) == PAGE or looked_at == MOST_READ:
                following = line.place
                break
            looked_at += 1
            if _holds(line, text.casefold()):
                found.append(line.body)
    with opened(build, "lineage.jsonl") as stream:
        lineage = Lines(stream)
        return RowsPage(
            [(row, lineage.named(row["id"]) or {}) for row in found], following, looked_at
        )


class Row(NamedTuple):
    row: dict[str, Any]
    lineage: dict[str, Any]


def row_named(build: DatasetBuild, name: str) -> Row:
    """Raise NotFound where the build has no such row."""
    if _ROW.fullmatch(name) and build.is_built:
        with opened(build, "lineage.jsonl") as stream:
            lineage = Lines(stream).named(name)
        if lineage is not None:
            with opened(build, f"{lineage['split']}.jsonl") as stream:
                row = Lines(stream).named(name)
            if row is not None:
                return Row(row, lineage)
    raise NotFound("This build has no such row.")


def opened(build: DatasetBuild, name: str) -> BinaryIO:
    """Raise NotBuilt where the build has no such file, or the store has lost it."""
    try:
        return file_store().open(build.files[name]["key"])
    except KeyError as error:
        raise NotBuilt(f"This build has no {name}; it is {build.job.state}.") from error
    except FileNotFoundError as error:
        raise NotBuilt(f"The store has {name} of this build no longer.") from error


TEXTS = ("prompt", "completion", "chosen", "rejected", "text", "reference", "criterion", "label")


def texts_of(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The texts of a row by name; turns one below the other."""
    return [(name, as_text(row[name])) for name in TEXTS if row.get(name) is not None]


def as_text(value: Any) -> str:
    if not isinstance(value, list):
        return str(value)
    if len(value) == 1:
        return str(value[0]["content"])
    return "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in value)


def _holds(line: Line, text: str) -> bool:
    return not text or any(text in said for said in _folded(texts_of(line.body)))


def _folded(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (text.casefold() for _, text in texts)
