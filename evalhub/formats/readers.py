"""Which formats there are, and which one a file has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Literal

from evalhub.formats import evalhub_jsonl, preference, trees
from evalhub.formats.reading import CHUNK, Piece, items, lines
from evalhub.formats.rows import Row

Kind = Literal["prompts", "judgments"]
FORMATS = {
    "evalhub": "evalhub JSONL",
    "preference": "preference JSON (conversations, chosen, rejected)",
    "trees": "conversation trees with ranks (message_tree_id, prompt)",
}

_READERS: dict[tuple[str, Kind], Callable[[BinaryIO], Iterator[Any]]] = {
    ("evalhub", "prompts"): evalhub_jsonl.read_prompts,
    ("evalhub", "judgments"): evalhub_jsonl.read_judgments,
    ("preference", "prompts"): preference.read,
    ("preference", "judgments"): preference.read,
    ("trees", "prompts"): trees.read,
    ("trees", "judgments"): trees.read,
}


class UnknownFormat(ValueError):
    """The file is in none of our formats; the message says which there are."""


def read_rows(stream: BinaryIO, *, format: str, kind: Kind) -> Iterator[Row]:
    """Yield prompts, judgments and rejected rows. Preference and tree files hold both kinds,
    each prompt ahead of its judgment.

    Raises:
        UnknownFormat: `format` is none of FORMATS.
    """
    reader = _READERS.get((format, kind))
    if reader is None:
        raise UnknownFormat(f"{format!r} is none of the formats {', '.join(FORMATS)}.")
    return reader(stream)


def sniff(stream: BinaryIO) -> str:
    """Name the format by the first row that can be read; the stream is left at its start.

    Raises:
        UnknownFormat: the file is empty or its rows have the fields of none of our formats.
    """
    start = stream.read(CHUNK).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    stream.seek(0)
    if not start:
        raise UnknownFormat("The file is empty.")
    pieces = items(stream) if start == b"[" else lines(stream)
    values = (each.value for each in pieces if isinstance(each, Piece))
    value = next(values, None)
    stream.seek(0)
    name = _format_of(set(value) if isinstance(value, dict) else set())
    if name is None or (name != "preference" and start == b"["):
        raise UnknownFormat(
            "The first row that can be read has the fields of none of our formats: "
            + "; ".join(FORMATS.values())
            + ". docs/formats.md shows each."
        )
    return name


def _format_of(fields: set[str]) -> str | None:
    if {"conversations", "chosen", "rejected"} <= fields:
        return "preference"
    if {"message_tree_id", "prompt"} <= fields:
        return "trees"
    if "messages" in fields or {"prompt", "responses"} <= fields:
        return "evalhub"
    return None
