"""Records as a file: JSONL, JSON, CSV or Parquet, one after the other, whatever their number."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from evalhub.common.spreadsheets import csv_lines
from evalhub.formats.columns import Column, flat

Record = dict[str, Any]  # JSON
Columns = Mapping[str, Column]
ROW_GROUP = 2000  # rows of Parquet that are in memory at once


def write_jsonl(records: Iterable[Record], path: Path, columns: Columns) -> int:
    encode = msgspec.json.Encoder().encode
    count = 0
    with path.open("wb") as stream:
        for record in records:
            stream.write(encode(record) + b"\n")
            count += 1
    return count


def write_json(records: Iterable[Record], path: Path, columns: Columns) -> int:
    """One array, a record on a line."""
    encode = msgspec.json.Encoder().encode
    count = 0
    with path.open("wb") as stream:
        stream.write(b"[")
        for record in records:
            stream.write((b",\n" if count else b"\n") + encode(record))
            count += 1
        stream.write(b"\n]\n")
    return count


def write_csv(records: Iterable[Record], path: Path, columns: Columns) -> int:
    """Nested values as JSON in their cell; no text is a formula to a spreadsheet."""
    count = 0

    def cells() -> Iterator[list[Any]]:
        nonlocal count
        for record in records:
            count += 1
            yield [_cell(record.get(name)) for name in columns]

    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(csv_lines(list(columns), cells()))
    return count


def write_parquet(records: Iterable[Record], path: Path, columns: Columns) -> int:
    """Compressed by zstd. Turns are lists of structs; what else is nested becomes JSON text.

    Needs pyarrow, which only whoever writes Parquet imports.
    """
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([pa.field(name, _arrow(each, pa)) for name, each in columns.items()])
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        left = iter(records)
        while page := list(islice(left, ROW_GROUP)):
            arrays = [
                pa.array(
                    [_value(record.get(name), each) for record in page], schema.field(name).type
                )
                for name, each in columns.items()
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(page)
    return count


WRITERS: dict[str, Callable[[Iterable[Record], Path, Columns], int]] = {
    "jsonl": write_jsonl,
    "json": write_json,
    "csv": write_csv,
    "parquet": write_parquet,
}


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return flat(value)


def _value(value: Any, column: Column) -> Any:
    if value is None:
        return None
    if column.type == "turns":
        return [_turn(turn, column) for turn in value]
    if column.type == "turn":
        return _turn(value, column)
    return json.dumps(value, ensure_ascii=False) if column.type == "json" else value


def _turn(turn: Record, column: Column) -> dict[str, str | None]:
    """Its fields as text: calls of tools and the like as JSON."""
    given = {key: turn.get(key) for key in column.keys}
    return {
        key: value
        if value is None or isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
        for key, value in given.items()
    }


def _arrow(column: Column, pa: Any) -> Any:  # pyarrow carries no types
    turn = pa.struct([pa.field(key, pa.string()) for key in column.keys])
    return {
        "text": pa.string(),
        "yes_no": pa.bool_(),
        "whole": pa.int64(),
        "number": pa.float64(),
        "turn": turn,
        "turns": pa.list_(turn),
        "json": pa.string(),
        None: pa.string(),
    }[column.type]
