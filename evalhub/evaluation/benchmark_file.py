"""The file of a benchmark: each row a prompt with what is right, checked whole before anything is kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import SEEK_END
from typing import Any, BinaryIO

from evalhub.evaluation.errors import BadBenchmark
from evalhub.formats.containers import TEXT, opened, pieces_of
from evalhub.formats.reading import Piece
from evalhub.formats.rows import Rejected

Row = dict[str, Any]  # as the recipe evaluate reads it

COLUMNS = ("reference", "label", "choices", "schema", "pattern")  # see training.metrics.asked
MOST_ROWS, MOST_BYTES, MOST_LABELS = 20_000, 20 * 2**20, 100
ROLES = ("system", "user", "assistant", "tool")
TOLD = 20  # faults


@dataclass(frozen=True)
class Fault:
    """A row that cannot be used: its line in the file, the field, and what to do about it."""

    row: int
    field: str
    remedy: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.field}: {self.remedy}"


class _Wrong(Exception):
    def __init__(self, field: str, remedy: str) -> None:
        super().__init__(remedy)
        self.field = field


def read_benchmark(stream: BinaryIO, *, plain: bool) -> list[Row]:
    """All rows in the order of the file; JSON, JSON Lines or CSV.

    Args:
        plain: whether a prompt that is text shall be written on as it stands; else a user asks it.

    Raises:
        BadBenchmark: rows cannot be used; each with field and remedy, and none is kept.
    """
    rows: list[Row] = []
    lines: list[int] = []  # of the rows
    faults: list[Fault] = []
    for piece in _pieces(stream):
        if len(rows) == MOST_ROWS:
            raise BadBenchmark(
                f"A benchmark has at most {MOST_ROWS:,} rows; take a sample of them."
            )
        if isinstance(piece, Rejected):
            faults.append(Fault(piece.line, piece.field or "the row", piece.reason))
            continue
        try:
            rows.append(_row(piece.value, str(len(rows) + 1), plain=plain))
            lines.append(piece.line)
        except _Wrong as wrong:
            faults.append(Fault(piece.line, wrong.field, str(wrong)))
    faults += _twice(rows, lines)
    if faults:
        shown = "; ".join(map(str, faults[:3]))
        more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise BadBenchmark(
            f"{len(faults)} rows cannot be used, so nothing was added: {shown}{more}.",
            rows=[asdict(each) for each in faults[:TOLD]],
        )
    if not rows:
        raise BadBenchmark("The file has no row: each is a prompt, with what is right beside it.")
    _demand_few_labels(rows)
    return rows


def carried(rows: Sequence[Row]) -> dict[str, int]:
    """How many rows have each of COLUMNS, without those that none has."""
    found = {name: sum(name in row for row in rows) for name in COLUMNS}
    return {name: count for name, count in found.items() if count}


def _pieces(stream: BinaryIO) -> Iterator[Piece | Rejected]:
    if stream.seek(0, SEEK_END) > MOST_BYTES:
        raise BadBenchmark(
            f"The file has more than {MOST_BYTES // 2**20} MiB; a sample of its rows does as well."
        )
    stream.seek(0)
    packed = opened(stream)
    if packed.packing not in TEXT:
        raise BadBenchmark(
            f"The file is {packed.packing}, which this page does not read: save it as CSV or JSON Lines."
        )
    return pieces_of(packed)


def _row(value: Any, number: str, *, plain: bool) -> Row:  # what stood in the file
    if not isinstance(value, dict):
        raise _Wrong("the row", "write an object, as in {…}")
    cells = {name: cell for name, cell in value.items() if cell is not None and cell != ""}
    own = str(cells.get("id", number))[:200]
    row = {
        "id": own,
        "group": str(cells.get("group", own))[:200],
        "prompt": _prompt(cells, plain=plain),
    }
    row |= {name: CHECKS[name](cells) for name in COLUMNS if name in cells}
    if "choices" in row and "label" not in row:
        raise _Wrong("label", "say which of the choices is right: its number from 0, its text, or its letter")  # fmt: skip
    return row


def _prompt(cells: Mapping[str, Any], *, plain: bool) -> Any:
    given = cells.get("messages", cells.get("prompt"))
    if isinstance(given, str) and given.lstrip().startswith('[{"'):
        given = _loaded(given, "prompt")  # turns in a cell of a table
    if isinstance(given, str) and given.strip():
        return given if plain else [{"role": "user", "content": given}]
    if not isinstance(given, list) or not given:
        raise _Wrong("prompt", "give the prompt as text, or messages as a list of turns")
    for turn in given:
        if not isinstance(turn, dict) or turn.get("role") not in ROLES or not isinstance(turn.get("content"), str):  # fmt: skip
            raise _Wrong("messages", f"give each turn a role, one of {', '.join(ROLES)}, and content as text")  # fmt: skip
    if given[-1]["role"] == "assistant":
        raise _Wrong("messages", "end with a turn that asks; what is right goes into reference")
    return [{"role": turn["role"], "content": turn["content"]} for turn in given]


def _reference(cells: Mapping[str, Any]) -> str:
    given = cells["reference"]
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)
    return _text(given, "reference")


def _label(cells: Mapping[str, Any]) -> str | int:
    given = cells["label"]
    if "choices" not in cells:
        return str(given) if type(given) is int else _text(given, "label")
    from training.metrics.labels import right_of

    try:
        return right_of(given, _choices(cells))
    except ValueError as error:
        raise _Wrong("label", f"it {error}") from error


def _choices(cells: Mapping[str, Any]) -> list[str]:
    given = cells["choices"]
    given = _loaded(given, "choices") if isinstance(given, str) else given
    good = isinstance(given, list) and 2 <= len(given) <= 26
    if not good or not all(isinstance(each, str) and each.strip() for each in given):
        raise _Wrong("choices", 'give a list of 2 to 26 texts, as in ["yes", "no"]')
    if len(set(given)) < len(given):
        raise _Wrong("choices", "give each choice once")
    return list(given)


def _schema(cells: Mapping[str, Any]) -> Any:  # a JSON schema
    from training.metrics.forms import checker_of

    given = cells["schema"]
    schema = _loaded(given, "schema") if isinstance(given, str) else given
    try:
        checker_of(schema)
    except (TypeError, ValueError) as error:
        raise _Wrong(
            "schema", f"it is no JSON schema ({error}): mend it, or leave it out"
        ) from error
    return schema


def _pattern(cells: Mapping[str, Any]) -> str:
    from training.metrics.forms import pattern_of

    text = _text(cells["pattern"], "pattern")
    try:
        pattern_of(text)
    except ValueError as error:
        raise _Wrong("pattern", f"it is no regular expression ({error}): mend it, or leave it out") from error  # fmt: skip
    return text


def _text(given: Any, field: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise _Wrong(field, "write it as text")
    return given


def _loaded(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Wrong(field, "it is not JSON: mend it, or leave it out") from error


def _twice(rows: Sequence[Row], lines: Sequence[int]) -> list[Fault]:
    counts = Counter(row["id"] for row in rows)
    return [
        Fault(line, "id", f"“{row['id']}” stands in {counts[row['id']]} rows: give each its own")
        for line, row in zip(lines, rows, strict=True)
        if counts[row["id"]] > 1
    ]


def _demand_few_labels(rows: Sequence[Row]) -> None:
    from training.metrics.labels import folded

    labels = {folded(row["label"]) for row in rows if "label" in row and "choices" not in row}
    if len(labels) > MOST_LABELS:
        raise BadBenchmark(
            f"The rows have {len(labels)} different labels, at most {MOST_LABELS} can be told apart: if "
            "they are free answers, call the column reference."
        )


CHECKS = {
    "reference": _reference,
    "label": _label,
    "choices": _choices,
    "schema": _schema,
    "pattern": _pattern,
}
