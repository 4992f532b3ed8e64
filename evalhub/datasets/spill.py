"""Sorting rows on disk: memory holds one run of them, whatever their number."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

RUN = 5000  # rows sorted in memory at a time


class Entry(NamedTuple):
    """A row, its split, and why it is there."""

    id: str
    split: str
    row: dict[str, Any]
    lineage: dict[str, Any]


class SortedRows:
    """Takes rows in any order and gives them back by id, equal ids as one list."""

    def __init__(self, folder: Path, *, run: int = RUN) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._size = folder, run
        self._run: list[Entry] = []
        self._runs: list[Path] = []

    def add(self, entry: Entry) -> None:
        self._run.append(entry)
        if len(self._run) >= self._size:
            self._write_run()

    def __iter__(self) -> Iterator[list[Entry]]:
        self._write_run()
        merged = heapq.merge(*(_read(path) for path in self._runs), key=_id)
        for _, same in groupby(merged, key=_id):
            yield list(same)

    def _write_run(self) -> None:
        if not self._run:
            return
        path = self._folder / f"{len(self._runs)}.jsonl"
        self._run.sort(key=_id)  # stable: rows of one id keep the order in which they came
        with path.open("w", encoding="utf-8") as stream:
            for entry in self._run:
                stream.write(json.dumps(entry) + "\n")
        self._runs.append(path)
        self._run = []


def _id(entry: Entry) -> str:
    return entry.id


def _read(path: Path) -> Iterator[Entry]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield Entry(*json.loads(line))
