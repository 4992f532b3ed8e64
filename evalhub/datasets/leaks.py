"""Nothing stands on two sides of a split: looked for in the finished files, whatever wrote them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalhub.common.canonical import canonical_json
from evalhub.common.files import Beat, unwatched
from evalhub.datasets.errors import SplitLeaks

HELD_OUT = ("validation.jsonl", "test.jsonl", "prompts.jsonl")
SIDE = {"train.jsonl": "train", "validation.jsonl": "validation"}  # the others are the test


def demand_no_leak(folder: Path, beat: Beat = unwatched) -> None:
    """Read every row once; memory holds 64 bits for each group, prompt and row that is held out.

    Raises:
        SplitLeaks: a group, a prompt or a row stands on two sides.
    """
    side_of: dict[int, str] = {}
    for name in HELD_OUT:
        for row in _rows(folder / name, beat):
            for key, what in _marks(row):
                side = SIDE.get(name, "test")
                if side_of.setdefault(key, side) != side:
                    raise _leak(what, row, side_of[key], side)
    for row in _rows(folder / "train.jsonl", beat):
        for key, what in _marks(row):
            if key in side_of:
                raise _leak(what, row, side_of[key], "train")


def _rows(path: Path, beat: Beat) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            beat()
            yield json.loads(line)


def _marks(row: dict[str, Any]) -> Iterator[tuple[int, str]]:
    yield _key(f"group {row['group']}"), "group"
    if "prompt" in row:  # a text has none
        yield _key(f"prompt {canonical_json(row['prompt'])}"), "prompt"
    yield _key(f"row {row['id']}"), "row"


def _key(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _leak(what: str, row: dict[str, Any], one: str, other: str) -> SplitLeaks:
    return SplitLeaks(
        f"The {what} of row {row['id']} stands in the {one} and in the {other} split, so figures on "
        "held-out rows would mean nothing. Look for near-duplicates, then build again."
    )
