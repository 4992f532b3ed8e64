"""Which formats there are, and which one a file has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Literal, NamedTuple

from evalhub.formats import (
    alpaca,
    argilla,
    doccano,
    evalhub_jsonl,
    label_studio,
    langfuse,
    llamafactory,
    openai,
    potato,
    sharegpt,
    texts,
    trees,
    trl,
)
from evalhub.formats.containers import Packed, Pieces, opened, pieces_of
from evalhub.formats.mapped import rows_by
from evalhub.formats.mapping import Mapping
from evalhub.formats.outside import Cells, RowsOf, each_row
from evalhub.formats.reading import Piece
from evalhub.formats.rows import Row

Kind = Literal["prompts", "judgments"]


class Format(NamedTuple):
    title: str
    fits: Callable[[Cells], bool]  # whether a row has its fields
    rows_of: RowsOf | None = None  # none where it is not read row by row, see rows_in


def _is_evalhub(cells: Cells) -> bool:
    if {"prompt", "responses"} <= set(cells):
        return not isinstance(cells["responses"], dict)
    is_prompt = openai.fits_chat(cells) and not openai.is_answered(cells)
    return is_prompt and "id" in cells and "label" not in cells


TABLE = "table"
_KNOWN = {  # the first one that fits is taken
    "preference": Format(
        "preference JSON (conversations, chosen, rejected)", sharegpt.is_pair, sharegpt.rows_of
    ),
    "trees": Format(
        "conversation trees with ranks (message_tree_id, prompt)",
        lambda cells: {"message_tree_id", "prompt"} <= set(cells),
    ),
    "label-studio": Format("Label Studio JSON", label_studio.fits, label_studio.rows_of),
    "label-studio-min": Format(
        "Label Studio JSON_MIN", label_studio.fits_min, label_studio.min_rows
    ),
    "argilla": Format("Argilla records", argilla.fits, argilla.rows_of),
    "potato": Format("Potato annotated instances", potato.fits, potato.rows_of),
    "langfuse": Format("Langfuse traces with scores", langfuse.fits, langfuse.rows_of),
    "langfuse-scores": Format("Langfuse scores alone", langfuse.fits_scores, langfuse.score_rows),
    "evalhub": Format("evalhub JSONL", _is_evalhub),
    "openai-preference": Format("OpenAI preference JSONL", openai.fits_pair, openai.pair_rows),
    "sharegpt": Format("ShareGPT (conversations)", sharegpt.fits, sharegpt.rows_of),
    "openai-chat": Format("chat JSONL (messages)", openai.fits_chat, openai.chat_rows),
    "llamafactory-v1": Format(
        "LLaMA-Factory v1 pairs (chosen_messages, rejected_messages)",
        openai.fits_whole_pair,
        openai.whole_pair_rows,
    ),
    "alpaca": Format("Alpaca (instruction, input, output)", alpaca.fits, alpaca.rows_of),
    "hh-rlhf": Format(
        "HH-RLHF transcripts (chosen, rejected)", trl.fits_transcript, trl.transcript_rows
    ),
    "trl": Format("TRL (prompt, completion; prompt, chosen, rejected)", trl.fits, trl.rows_of),
    "doccano": Format("doccano JSONL or CSV (text, label)", doccano.fits, doccano.rows_of),
    "texts": Format("raw text (text)", texts.fits, texts.rows_of),
    "llamafactory": Format("LLaMA-Factory, a zip of its data folder", lambda cells: False),
    TABLE: Format("a table of your own, by a mapping", lambda cells: False),
}
_OF_TABLES = {
    "trl": trl.KNOWN, "alpaca": alpaca.KNOWN, "doccano": doccano.KNOWN, "texts": texts.KNOWN,
}  # fmt: skip
FORMATS = {name: each.title for name, each in _KNOWN.items()}
ASKING = (  # they bring questions of their own, for which a rubric is made when missing
    *("label-studio", "label-studio-min", "argilla", "potato", "langfuse", "langfuse-scores"),
    *("doccano", "openai-chat", "trl", "alpaca", "llamafactory", TABLE),
)


class UnknownFormat(ValueError):
    """The file is in none of our formats; the message says which there are."""


def read_rows(
    stream: BinaryIO, *, format: str, kind: Kind, mapping: Mapping | None = None
) -> Iterator[Row]:
    """Yield prompts, judgments and rejected rows. Most files hold both kinds, each prompt ahead of
    its judgments.

    Raises:
        UnknownFormat: `format` is none of FORMATS, or "table" without a mapping.
    """
    if format not in FORMATS:
        raise UnknownFormat(f"{format!r} is none of the formats {', '.join(FORMATS)}.")
    return rows_in(opened(stream), format=format, kind=kind, mapping=mapping)


def rows_in(
    packed: Packed, *, format: str, kind: Kind, mapping: Mapping | None = None
) -> Iterator[Row]:
    """The same for a file that was looked at."""
    if format == "llamafactory":
        return llamafactory.read(packed.stream)
    if format == TABLE:
        if mapping is None:
            raise UnknownFormat("A table needs a mapping that says what its columns are.")
        return each_row(pieces_of(packed, has_head=mapping.has_head), rows_by(mapping))
    pieces = pieces_of(packed)
    if format == "evalhub":
        read = evalhub_jsonl.read_prompts if kind == "prompts" else evalhub_jsonl.read_judgments
        return read(pieces)
    rows_of = _KNOWN[format].rows_of
    return each_row(pieces, rows_of) if rows_of else trees.read(pieces)


def sniff(stream: BinaryIO) -> str:
    """Name the format by the first row that can be read; the stream is left at its start.

    Raises:
        UnknownFormat: not one row of the file can be read.
    """
    return format_of(opened(stream))


def format_of(packed: Packed) -> str:
    """The same for a file that was looked at. What has the fields of no format is a table."""
    if packed.packing == "zip" and llamafactory.fits(packed.stream):
        return "llamafactory"
    value = next(_objects(pieces_of(packed)), None)
    packed.stream.seek(0)
    if value is None:
        raise UnknownFormat(
            "The file is empty, or its rows are in none of our formats: "
            + "; ".join(FORMATS.values())
            + ". docs/formats.md shows each."
        )
    name = next((name for name, each in _KNOWN.items() if each.fits(value)), TABLE)
    if packed.packing in ("csv", "xlsx") and set(value) - set(_OF_TABLES.get(name, value)):
        return TABLE  # a column more may say what somebody thought: a person tells us
    return name


def _objects(pieces: Pieces) -> Iterator[Cells]:
    return (
        each.value for each in pieces if isinstance(each, Piece) and isinstance(each.value, dict)
    )
