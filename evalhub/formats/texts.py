"""Raw text, to be trained on as it is: `text`, as the field's corpora have it, in JSONL, CSV or Parquet.

Each text is the document of a prompt of its own, which shows where it begins: so texts that begin
alike fall into one group, and the others into groups of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalhub.formats.outside import Cells, text_at, unknown_fields
from evalhub.formats.reading import Piece, Seen, Unfit, short_digest
from evalhub.formats.rows import Message, PromptRow, Row

KNOWN = ("id", "text", "title", "group")
_BESIDE = {"url", "source", "meta", "metadata", "timestamp", "date", "language", "lang"}
SHOWN = 500  # characters of its beginning
_LAST_WORD = re.compile(r"\s+\S*$")


def fits(cells: Cells) -> bool:
    """Nothing but a text and where it comes from; whatever says more of it is a table."""
    return isinstance(cells.get("text"), str) and set(cells) <= {*KNOWN, *_BESIDE}


def rows_of(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    text, title = text_at(cells, "text"), text_at(cells, "title").strip()
    if not text.strip():
        raise Unfit("text", "The text is empty. Fill it in or leave the row out.")
    name = text_at(cells, "id") or f"text-{short_digest(text)}"
    if seen.times(name):
        reason = f"The id {name!r} stands twice in this file. Give each row its own."
        if not text_at(cells, "id"):
            reason = "The same text stands twice in this file; leave one out."
        raise Unfit("id" if text_at(cells, "id") else "text", reason)
    yield PromptRow(
        line=piece.line,
        id=name,
        messages=[Message("user", "\n\n".join(part for part in (title, _beginning(text)) if part))],
        documents=[{"title": title, "text": text} if title else text],
        group=text_at(cells, "group") or None,
        ignored=unknown_fields(piece, *KNOWN),
    )


def _beginning(text: str) -> str:
    text = text.strip()
    return text if len(text) <= SHOWN else f"{_LAST_WORD.sub('', text[:SHOWN])} …"
