"""Rows for the few reads that every judgment waits for, without the ORM's compiler.

Building a query costs the ORM 0.2 to 0.3 ms of CPU, several times what the query itself costs; the
annotator's page asks four such questions with each judgment. Everything else uses QuerySets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, connections, models

from evalhub.common.database.base import Row


def first_row(statement: str, values: Any) -> Row | None:
    """The first row of the answer, None when there is none.

    Args:
        values: a sequence or a mapping of anything that psycopg can send.
    """
    wrapper: Any = connections["default"]  # our own backend; Django's type knows no `first_row`
    row: Row | None = wrapper.first_row(statement, values)
    return row


def array_of(values: Iterable[object]) -> str:
    """The values, texts or numbers or None, as PostgreSQL writes an array.

    psycopg takes a list too, in Python that costs as much as the rest of its work on a judgment, and
    it names the type by the largest number, so that one statement is prepared several times.

    >>> array_of([1, None, 'a "b"'])
    '{1,NULL,"a \\\\"b\\\\""}'
    """
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def joined(
    tables: Sequence[tuple[str, type[models.Model]]],
    tail: str,
    values: Sequence[Any],
    *,
    also: str = "",
) -> list[Any] | None:
    """The first row as an instance of each model; None when there is none.

    Args:
        tables: alias and model, in the order in which the instances are wanted.
        tail: what follows FROM, naming the aliases; our own text, with %s for `values`.
        also: more columns; their values follow the instances.

    >>> joined([("w", Workspace)], "accounts_workspace w WHERE w.slug = %s", ["acme"])
    [<Workspace: Acme>]
    """
    row = first_row(_statement(tuple(tables), tail, also), values)
    if row is None:
        return None
    found, at = [], 0
    for _, model in tables:
        names, converters = _columns(model)
        part = list(row[at : at + len(names)])
        for nth, convert in converters:
            part[nth] = convert(part[nth], None, connection)
        found.append(model.from_db(connection.alias, names, part))
        at += len(names)
    return [*found, *row[at:]]


@lru_cache(maxsize=64)
def _statement(tables: tuple[tuple[str, type[models.Model]], ...], tail: str, also: str) -> str:
    columns = [
        f'{alias}."{field.column}"'
        for alias, model in tables
        for field in model._meta.concrete_fields
    ]
    if also:
        columns.append(also)
    return f"SELECT {', '.join(columns)} FROM {tail} LIMIT 1"  # noqa: S608  our own text


@lru_cache(maxsize=64)
def _columns(model: type[models.Model]) -> tuple[list[str], list[tuple[int, Any]]]:
    """Names of the fields, and the fields that turn what the driver gives into what Python wants."""
    fields = model._meta.concrete_fields
    converters = [
        (nth, field.from_db_value)
        for nth, field in enumerate(fields)
        if hasattr(field, "from_db_value")
    ]
    return [field.attname for field in fields], converters
