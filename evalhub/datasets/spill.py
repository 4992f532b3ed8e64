"""Sorting rows on disk: memory holds a 256th of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from evalhub.common.canonical import canonical_bytes

HELD = 10_000  # rows in memory until they are put down
PARTS = 256  # each is sorted in memory
ID = 32  # characters of an id
NO_VALUE = b'""'
REPLAY = "replay of "  # how the origin of a replayed row begins
AUGMENTED = "augmented by "  # and that of one made from another row


class Entry(Struct, frozen=True):
    """A row and why it is there, both as canonical JSON, and what is counted of them."""

    id: str
    split: str
    group: str
    origin: str
    judgments: int  # behind the row
    part: int  # place of the part of the definition that takes it
    value: str  # of the slice by which the set is balanced
    facts: bytes  # what findings look at, as canonical JSON
    row: bytes
    lineage: bytes

    def known(self) -> dict[str, Any]:
        """The facts as values: `lengths` of the answers, `p_chosen`, `said` (question and answer, of a
        label) and `flags`.
        """
        facts: dict[str, Any] = msgspec.json.decode(self.facts)
        return facts

    def with_notes(self, notes: list[dict[str, Any]]) -> Entry:
        """The same row, of which more was seen by cleaning."""
        lineage = msgspec.json.decode(self.lineage)
        lineage.setdefault("cleaning", []).extend(notes)
        facts = self.known()
        facts["flags"] = sorted({*facts.get("flags", []), *(each["step"] for each in notes)})
        return replace(self, lineage=canonical_bytes(lineage), facts=canonical_bytes(facts))

    def read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The row and its lineage as values."""
        return msgspec.json.decode(self.row), msgspec.json.decode(self.lineage)


def entry_of(
    row: dict[str, Any],
    lineage: dict[str, Any],
    *,
    split: str,
    part: int = 0,
    value: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Entry:
    return Entry(
        id=row["id"],
        split=split,
        group=row["group"],
        origin=lineage["from"],
        judgments=len(lineage["judgments"]),
        part=part,
        value=value,
        facts=canonical_bytes(facts or {}),
        row=canonical_bytes(row),
        lineage=canonical_bytes(lineage),
    )


class SortedRows:
    """Takes rows in any order and gives them back by id, equal ids as one list in the order they came.

    Ids are digests, so their first two digits part the rows evenly.
    """

    def __init__(self, folder: Path, *, held: int = HELD) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._most, self._held = folder, held, 0
        self._parts: list[list[bytes]] = [[] for _ in range(PARTS)]

    def add(self, entry: Entry) -> None:
        """Keep a row; JSON holds no tab and no line break but as an escape."""
        head = f"{entry.id}\t{entry.split}\t{entry.group}\t{entry.origin}\t{entry.judgments}\t{entry.part}"
        value = canonical_bytes(entry.value) if entry.value else NO_VALUE
        parts = (head.encode(), value, entry.facts, entry.row, entry.lineage)
        line = b"\t".join(parts) + b"\n"
        self._parts[int(entry.id[:2], 16)].append(line)
        self._held += 1
        if self._held >= self._most:
            self._put_down()

    def __iter__(self) -> Iterator[list[Entry]]:
        for nth, held in enumerate(self._parts):
            path = self._folder / str(nth)
            lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
            lines += held
            lines.sort(key=_id)
            for _, same in groupby(lines, key=_id):
                yield [_entry(line) for line in same]

    def _put_down(self) -> None:
        for nth, held in enumerate(self._parts):
            if held:
                with (self._folder / str(nth)).open("ab") as stream:
                    stream.write(b"".join(held))
                held.clear()
        self._held = 0


def _id(line: bytes) -> bytes:
    return line[:ID]


def _entry(line: bytes) -> Entry:
    *head, value, facts, row, lineage = line[:-1].split(b"\t")
    name, split, group, origin, judgments, part = (each.decode() for each in head)
    told = msgspec.json.decode(value) if value != NO_VALUE else ""
    return Entry(name, split, group, origin, int(judgments), int(part), told, facts, row, lineage)
