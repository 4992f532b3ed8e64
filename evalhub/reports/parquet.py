"""Parquet by pyarrow, which the web side does without until somebody asks for this format."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evalhub.common.parquet import must_be_installed
from evalhub.reports.columns import Column, Columns
from evalhub.reports.records import Record


class Parquet:
    """Pages are kept as an Arrow stream, to which can be appended; it becomes Parquet at the end.

    A Parquet file itself ends with an index of its row groups, so it cannot be cut and gone on with.
    """

    def __init__(self, columns: Columns) -> None:
        must_be_installed()
        import pyarrow as pa

        self._columns = columns
        self._schema = pa.schema([pa.field(each.name, _type(each)) for each in columns.all])

    def head(self) -> bytes:
        return bytes(self._schema.serialize())

    def page(self, records: Iterable[Record]) -> bytes:
        import pyarrow as pa

        rows = [self._columns.cells(record) for record in records]
        if not rows:
            return b""
        values = zip(*rows, strict=True)
        arrays = [
            pa.array(each, field.type) for each, field in zip(values, self._schema, strict=True)
        ]
        return bytes(pa.record_batch(arrays, schema=self._schema).serialize())

    def finish(self, part: Path, target: Path) -> None:
        """One row group for each page; memory holds one of them."""
        import pyarrow as pa
        from pyarrow import parquet

        joined = target.with_name(f"{target.name}.joined")
        with (
            pa.OSFile(str(part)) as source,
            pa.ipc.open_stream(source) as batches,
            parquet.ParquetWriter(joined, self._schema) as writer,
        ):
            for batch in batches:
                writer.write_batch(batch)
        joined.replace(target)
        part.unlink()


def _type(column: Column) -> Any:  # pyarrow carries no types
    import pyarrow as pa

    return {
        "text": pa.string(),
        "whole": pa.int64(),
        "yes_no": pa.bool_(),
        "moment": pa.timestamp("us", tz="UTC"),
    }[column.type]
