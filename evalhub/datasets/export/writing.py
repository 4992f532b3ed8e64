"""The rows of a build in somebody else's shape, on this machine's disk.

Written beside the target and put in its place when it is whole; the same build gives the same bytes
each time, so that what was interrupted is simply done again.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from evalhub.common.files import Beat, digest_of_file, unwatched
from evalhub.datasets.errors import OutputInUse
from evalhub.datasets.export.asked import Asked, Container
from evalhub.datasets.export.containers import WRITERS, Columns
from evalhub.datasets.export.readme import readme_of
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import rows_of
from evalhub.formats.columns import columns_of
from evalhub.formats.shapes import CannotHold, Record

MARK = "evalhub.json"  # says of a folder what is in it; written last
SHARD = 100_000  # rows of one Parquet file in a folder


@dataclass
class Exported:
    """What was written: rows by split, and what the shape had no place for."""

    rows: dict[str, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)  # rows, by reason
    lost: Counter[str] = field(default_factory=Counter)  # rows in which a column said something
    files: dict[str, str] = field(default_factory=dict)  # sha256 by path

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "left_out": dict(sorted(self.left_out.items())),
            "lost": dict(sorted(self.lost.items())),
            "files": dict(sorted(self.files.items())),
        }


def export_build(
    build: DatasetBuild, asked: Asked, target: Path, *, beat: Beat = unwatched
) -> Exported:
    """Write one file, or a folder of one file for each split and what says how to read them.

    Raises:
        OutputInUse: a folder of that name is there, and it is no export.
    """
    written = _Writing(build, asked, beat)
    part = target.with_name(f"{target.name}.part")
    _remove(part)
    if asked.is_one_file:
        target.parent.mkdir(parents=True, exist_ok=True)
        written.one_file(part)
        part.replace(target)
        written.found.files = {target.name: digest_of_file(target, beat)}
        return written.found
    is_ours = (target / MARK).is_file()
    if target.exists() and not is_ours and (target.is_file() or any(target.iterdir())):
        raise OutputInUse(f"{target} is there already and no export of a build; name another one.")
    part.mkdir(parents=True)
    written.folder(part)
    _remove(target)
    part.replace(target)
    return written.found


class _Writing:
    def __init__(self, build: DatasetBuild, asked: Asked, beat: Beat) -> None:
        self._build, self._asked, self._beat = build, asked, beat
        self.found = Exported()

    def one_file(self, path: Path) -> None:
        (split,) = self._asked.splits
        write = WRITERS[self._asked.container]
        self.found.rows[split] = write(self._records(split, self.found), path, self._columns())

    def folder(self, folder: Path) -> None:
        """A split without rows has no file: readers take an empty one for a broken one."""
        columns, notes = self._columns(), self._asked.how.notes
        is_sharded = self._asked.container == Container.FOLDER and notes is None
        names: dict[str, str] = {}
        for split in self._asked.splits:
            records = self._records(split, self.found)
            if is_sharded:
                self.found.rows[split] = _shards(records, folder / "data", split, columns)
                names[split] = f"data/{split}-*.parquet"
            else:
                kind = self._asked.container
                suffix = "jsonl" if kind == Container.FOLDER else kind.value
                names[split] = f"{split}.{suffix}"
                self.found.rows[split] = WRITERS[suffix](records, folder / names[split], columns)
                if not self.found.rows[split]:
                    (folder / names[split]).unlink()
        names = {split: name for split, name in names.items() if self.found.rows[split]}
        if notes is not None:
            name, text = notes(self._build.kind, names)
            (folder / name).write_text(text, "utf-8")
        text = readme_of(self._build, names, sum(self.found.rows.values()))
        (folder / "README.md").write_text(text, "utf-8")
        self._mark(folder)

    def _mark(self, folder: Path) -> None:
        paths = [each for each in folder.rglob("*") if each.is_file()]
        self.found.files = {
            each.relative_to(folder).as_posix(): digest_of_file(each, self._beat) for each in paths
        }
        mark = {
            "digest": self._build.digest,
            "build": str(self._build.uid),
            "kind": self._build.kind,
            "shape": self._asked.shape,
            "format": self._asked.container.value,
            **self.found.as_json(),
        }
        (folder / MARK).write_text(json.dumps(mark, indent=2) + "\n", "utf-8")

    def _records(self, split: str, found: Exported) -> Iterator[Record]:
        shape, kind = self._asked.how, self._build.kind
        for row in rows_of(self._build, split):
            self._beat()
            try:
                record = shape.record(row, kind)
            except CannotHold as error:
                found.left_out[error.reason] += 1
                continue
            found.lost.update(shape.lost_in(row, kind))
            yield record

    def _columns(self) -> Columns:
        """Of a table: all rows are looked at first, as any may bring another column."""
        asked = self._asked
        is_json = asked.container == Container.FOLDER and asked.how.notes is not None
        if is_json or asked.container in (Container.JSONL, Container.JSON):
            return {}
        uncounted = Exported()
        return columns_of(
            record for split in asked.splits for record in self._records(split, uncounted)
        )


def _shards(records: Iterator[Record], folder: Path, split: str, columns: Columns) -> int:
    """Files of SHARD rows; their names say how many there are, so they get them at the end."""
    folder.mkdir(exist_ok=True)
    counts: list[int] = []
    for first in records:
        path = folder / f"{split}.{len(counts)}"
        counts.append(WRITERS["parquet"](_with(first, islice(records, SHARD - 1)), path, columns))
    for nth in range(len(counts)):
        name = f"{split}-{nth:05d}-of-{len(counts):05d}.parquet"
        (folder / f"{split}.{nth}").replace(folder / name)
    return sum(counts)


def _with(first: Record, rest: Iterator[Record]) -> Iterator[Record]:
    yield first
    yield from rest


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
