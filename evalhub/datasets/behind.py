"""What stands behind a build's rows, to be looked up without reading them. Shapes: E entries, L lines.

`judgments.bin` and `prompts.bin` hold E little-endian 64-bit integers in order, 64 bits of a uid each;
then as many again: where it stands, the line of lineage.jsonl times four plus the file (`PLACES`).
"""

from __future__ import annotations

import json
import mmap
from array import array
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from evalhub.common.files import Beat, file_store, unwatched
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import lines_of

Kind = Literal["judgments", "prompts"]
Ints = NDArray[np.int64]

LINEAGE, TEST_PROMPTS = "lineage.jsonl", "prompts.jsonl"
PLACES = ("train.jsonl", "validation.jsonl", "test.jsonl", TEST_PROMPTS)
SIDE = dict(zip(PLACES, ("train", "validation", "test", "test"), strict=True))
_CODES = {name: code for code, name in enumerate(PLACES)}


class Behind(NamedTuple):
    """`key_E` in order; `place_E` beside it."""

    key_E: Ints
    place_E: Ints


class Found(NamedTuple):
    """What of the uids that were asked for stands behind a build."""

    uids: int
    files: dict[str, int]  # rows by the file that holds them
    resting: int  # rows with nothing else behind them
    shared: int  # rows that others stand behind too


def key_of(uid: UUID) -> int:
    """64 random bits of a uid: two of a million are the same with a chance of 1 in 37 million."""
    return int.from_bytes(uid.bytes[:4] + uid.bytes[-4:], signed=True)


def key_of_text(content_uid: str) -> int:
    """The same for a row or prompt that its text names."""
    return int.from_bytes(bytes.fromhex(content_uid[:16]), signed=True)


def keys_of(uids: Iterable[UUID]) -> Ints:
    return np.unique(np.fromiter((key_of(uid) for uid in uids), np.int64))


def write_behind(folder: Path, beat: Beat = unwatched) -> None:
    """Write both files beside the rows in `folder`; memory holds 16 bytes for each entry."""
    with (folder / LINEAGE).open("rb") as lines:
        found = _gathered(map(json.loads, lines), beat)
    if (folder / TEST_PROMPTS).exists():
        with (folder / TEST_PROMPTS).open("rb") as rows:
            _add_test_prompts(found["prompts"], map(json.loads, rows), beat)
    for kind, entries in found.items():
        behind = entries.in_order()
        with (folder / f"{kind}.bin").open("wb") as stream:
            for each in behind:
                each.astype("<i8").tofile(stream)


def behind_of(build: DatasetBuild, kind: Kind) -> Behind:
    """What stands behind the rows of a build; of one from before there was such a file, by its lineage.

    Raises:
        NotBuilt: the build has no files yet.
    """
    stored = build.files.get(f"{kind}.bin")
    if stored is None:
        found = _gathered(lines_of(build, LINEAGE), unwatched)
        if TEST_PROMPTS in build.files:
            _add_test_prompts(found["prompts"], lines_of(build, TEST_PROMPTS), unwatched)
        return found[kind].in_order()
    if not stored["bytes"]:
        return Behind(np.empty(0, np.int64), np.empty(0, np.int64))
    with file_store().open(stored["key"]) as stream:
        values = np.frombuffer(_mapped(stream), "<i8")
    half = len(values) // 2
    return Behind(values[:half], values[half:])


def found_in(build: DatasetBuild, kind: Kind, wanted: Ints) -> Found:
    """Which rows of `build` the uids with those keys stand behind; `wanted` as `keys_of` gives it."""
    behind = behind_of(build, kind)
    hits = _hits(behind, wanted)
    if not len(hits):
        return Found(0, {}, 0, 0)
    place, theirs = np.unique(hits, return_counts=True)
    place_L, entries_L = np.unique(behind.place_E, return_counts=True)
    in_all = entries_L[np.searchsorted(place_L, place)]
    codes = np.bincount(place & 3, minlength=len(PLACES))
    files = {name: int(count) for name, count in zip(PLACES, codes, strict=True) if count}
    resting = int((theirs == in_all).sum())
    first, last = _ranges(behind, wanted)
    uids = int((first < last).sum())
    return Found(uids, files, resting, len(place) - resting)


def lines_behind(build: DatasetBuild, kind: Kind, wanted: Ints) -> dict[str, set[int]]:
    """The lines of lineage.jsonl, or of prompts.jsonl, by the file that their rows stand in."""
    lines: dict[str, set[int]] = defaultdict(set)
    for place in _hits(behind_of(build, kind), wanted).tolist():
        lines[PLACES[place & 3]].add(place >> 2)
    return dict(lines)


def keys_behind(build: DatasetBuild, kind: Kind, wanted: Ints, *, file: str) -> set[int]:
    """Which of the wanted keys stand behind a row of `file`, one of `PLACES`."""
    behind = behind_of(build, kind)
    is_there_E = behind.place_E & 3 == _CODES[file]
    return {
        key
        for key, low, high in zip(wanted.tolist(), *_ranges(behind, wanted), strict=True)
        if is_there_E[low:high].any()
    }


def _ranges(behind: Behind, wanted: Ints) -> tuple[Ints, Ints]:
    """Where the entries of each wanted key begin and end."""
    key_E = behind.key_E
    return np.searchsorted(key_E, wanted, "left"), np.searchsorted(key_E, wanted, "right")


def _hits(behind: Behind, wanted: Ints) -> Ints:
    """The places of all entries with one of the wanted keys."""
    first, last = _ranges(behind, wanted)
    hits = [behind.place_E[low:high] for low, high in zip(first, last, strict=True) if low < high]
    return np.concatenate(hits) if hits else np.empty(0, np.int64)


class _Entries:
    def __init__(self) -> None:
        self._keys, self._places = array("q"), array("q")

    def add(self, key: int, place: int) -> None:
        self._keys.append(key)
        self._places.append(place)

    def in_order(self) -> Behind:
        key_E, place_E = np.array(self._keys, np.int64), np.array(self._places, np.int64)
        order_E = np.lexsort((place_E, key_E))
        return Behind(key_E[order_E], place_E[order_E])


def _gathered(lines: Iterable[dict[str, Any]], beat: Beat) -> dict[Kind, _Entries]:
    judgments, prompts = _Entries(), _Entries()
    for nth, line in enumerate(lines):
        beat()
        place = nth * 4 + _CODES[f"{line['split']}.jsonl"]
        prompts.add(key_of(UUID(line["prompt"])), place)
        for uid in line["judgments"]:
            judgments.add(key_of(UUID(uid)), place)
    return {"judgments": judgments, "prompts": prompts}


def _add_test_prompts(entries: _Entries, rows: Iterable[dict[str, Any]], beat: Beat) -> None:
    """They have no lineage: their text names them."""
    for nth, row in enumerate(rows):
        beat()
        entries.add(key_of_text(row["id"]), nth * 4 + _CODES[TEST_PROMPTS])


def _mapped(stream: Any) -> Any:  # fsspec's files carry no types
    """The file as memory where it lies on a disk of ours; else its bytes."""
    try:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except (AttributeError, OSError):
        return stream.read()
