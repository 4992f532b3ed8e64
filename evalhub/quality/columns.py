"""The columns of a statement as arrays. Shapes: R rows.

They come in PostgreSQL's binary form, which NumPy reads as it is: a million rows in seconds, where
building objects would take a minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def columns_of(
    statement: str, values: Sequence[Any] | Mapping[str, Any], width: int
) -> Sequence[Ints]:
    """The columns of a statement whose `width` columns are all bigint and never null.

    Each comes as one array, so that Python sees `width` values whatever the number of rows.

    Source:
        PostgreSQL's array_send: a head of five times four bytes (dimensions, nulls, type, length and
        lower bound), then for each element its length and its bytes. An empty array is a null here.
    """
    names = [f"c{nth}" for nth in range(width)]
    arrays = ", ".join(f"array_agg({name})" for name in names)
    wrapped = f"SELECT {arrays} FROM ({statement}) AS rows ({', '.join(names)})"  # noqa: S608  ours
    element = np.dtype([("length", ">i4"), ("value", ">i8")])
    connection.ensure_connection()
    with connection.connection.cursor(binary=True) as cursor:
        cursor.execute(wrapped, values)
        found = cursor.pgresult
        return [_column(found.get_value(0, nth), element) for nth in range(width)]


def _column(sent: bytes | None, element: np.dtype[np.void]) -> Ints:
    """One at a time, so that two of them are in memory as bytes and not all."""
    if sent is None:
        return np.zeros(0, dtype=np.int64)
    column: Ints = np.frombuffer(sent, dtype=element, offset=20)["value"].astype(np.int64)
    return column
