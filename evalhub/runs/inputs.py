"""What a run reads: files in EVALHUB_FILES, named by their content."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from evalhub.common.files import file_store
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import SPLITS
from evalhub.prompts.models import Split


class FileRef(NamedTuple):
    """A file in EVALHUB_FILES and the sha256 it must have."""

    key: str
    sha256: str


def build_file(build: DatasetBuild, name: str) -> FileRef | None:
    """A build's file, or None where it has none or it holds nothing."""
    entry = build.files.get(name)
    if not entry or not entry.get("bytes", 1):
        return None
    return FileRef(entry["key"], entry["sha256"])


def training_inputs(build: DatasetBuild) -> dict[str, FileRef]:
    """`train`, and `validation` where the build has such rows."""
    return {name: file for name, file in split_files(build).items() if name != Split.TEST}


def split_files(build: DatasetBuild) -> dict[str, FileRef]:
    """Of each split that has rows, the file."""
    found = {
        split: build_file(build, f"{split}.jsonl") for split in SPLITS if build.rows.get(split)
    }
    return {split: file for split, file in found.items() if file is not None}


def store_rows(rows: Iterable[dict[str, Any]]) -> FileRef:
    """Put rows into EVALHUB_FILES as JSON lines."""
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / "rows.jsonl"
        with local.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        stored = file_store().put(local)
    return FileRef(stored.key, stored.sha256)


def read_rows(key: str) -> Iterator[dict[str, Any]]:
    """The JSON lines stored under `key`."""
    with file_store().open(key) as stream:
        for line in stream:
            yield json.loads(line)
