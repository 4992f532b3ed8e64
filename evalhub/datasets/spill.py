"""Sorting rows on disk: memory holds one run of them, whatever their number."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from evalhub.common.canonical import canonical_bytes

RUN = 10_000  # rows sorted in memory at a time
ID = 32  # characters of an id


class Entry(NamedTuple):
    """A row and why it is there, both as canonical JSON, and what is counted of them."""

    id: str
    split: str
    group: str
    origin: str
    judgments: int  # behind the row
    row: bytes
    lineage: bytes

    def read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The row and its lineage as values."""
        return json.loads(self.row), json.loads(self.lineage)


def entry_of(row: dict[str, Any], lineage: dict[str, Any], *, split: str) -> Entry:
    return Entry(
        id=row["id"],
        split=split,
        group=row["group"],
        origin=lineage["from"],
        judgments=len(lineage["judgments"]),
        row=canonical_bytes(row),
        lineage=canonical_bytes(lineage),
    )


class SortedRows:
    """Takes rows in any order and gives them back by id, equal ids as one list."""

    def __init__(self, folder: Path, *, run: int = RUN) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._size = folder, run
        self._run: list[bytes] = []
        self._runs: list[Path] = []

    def add(self, entry: Entry) -> None:
        """Keep a row; none of its JSON holds a tab or a line break, which would be escaped."""
        head = f"{entry.id}\t{entry.split}\t{entry.group}\t{entry.origin}\t{entry.judgments}\t"
        self._run.append(b"%b%b\t%b\n" % (head.encode(), entry.row, entry.lineage))
        if len(self._run) >= self._size:
            self._write_run()

    def __iter__(self) -> Iterator[list[Entry]]:
        self._write_run()
        merged = heapq.merge(*(_read(path) for path in self._runs), key=_id)
        for _, same in groupby(merged, key=_id):
            yield [_entry(line) for line in same]

    def _write_run(self) -> None:
        if not self._run:
            return
        path = self._folder / f"{len(self._runs)}.tsv"
        self._run.sort(key=_id)  # stable: rows of one id keep the order in which they came
        with path.open("wb") as stream:
            stream.writelines(self._run)
        self._runs.append(path)
        self._run = []


def _id(line: bytes) -> bytes:
    return line[:ID]


def _entry(line: bytes) -> Entry:
    *head, row, lineage = line[:-1].split(b"\t")
    name, split, group, origin, judgments = (each.decode() for each in head)
    return Entry(name, split, group, origin, int(judgments), row, lineage)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from stream
