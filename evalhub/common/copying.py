"""Many rows at once, by COPY: a file of prompts costs several times as much through bulk_create."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

Row = Sequence[Any]  # values of any type, one for each name


def keys_for(model: type[models.Model], count: int) -> list[int]:
    """`count` new primary keys, so that rows can point at each other before they are stored."""
    statement = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    with connection.cursor() as cursor:
        cursor.execute(statement, [model._meta.db_table, count])
        return [key for (key,) in cursor.fetchall()]


@contextmanager
def planned_anew() -> Iterator[None]:
    """Plan each query for the tables as they are now; inside a transaction.

    A plan that was kept from when the table was empty reads all of it, for every batch.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        yield
        cursor.execute("SET LOCAL plan_cache_mode = auto")


def counted(*stored: type[models.Model]) -> None:
    """Let PostgreSQL count what these tables hold now, for its plans.

    Autovacuum may have looked while the rows were not committed yet: then it takes a full table for an
    empty one until it looks again, and joins it row by row.

    Columns are named, as PostgreSQL looks at expressions of indexes else: splitting thirty thousand texts into
    words takes seconds, after each small import too. Autovacuum does that in its time.
    """
    with connection.cursor() as cursor:
        for each in stored:
            columns = ", ".join(f'"{field.column}"' for field in each._meta.concrete_fields)
            cursor.execute(f'ANALYZE "{each._meta.db_table}" ({columns})')


def copy_in(model: type[models.Model], names: Sequence[str], rows: Iterable[Row]) -> None:
    """Store `rows`, whose values stand in the order of `names`; the rest are the model's defaults.

    Args:
        names: columns as the model's attributes, `prompt_id` for a foreign key.
    """
    fields = {field.attname: field for field in model._meta.concrete_fields}
    given = [fields.pop(name) for name in names]
    rest = [
        field
        for field in fields.values()
        if not (field.primary_key or field.generated) and field.db_default is NOT_PROVIDED
    ]
    drawn = [field for field in rest if isinstance(field, models.UUIDField)]
    fixed = [field for field in rest if field not in drawn]
    draws, same = [_draw(field) for field in drawn], [_default(field) for field in fixed]
    columns = ", ".join(f'"{field.column}"' for field in [*given, *drawn, *fixed])
    json = [nth for nth, field in enumerate(given) if isinstance(field, models.JSONField)]
    with connection.cursor() as cursor:
        native: Any = cursor.cursor  # psycopg's own: COPY is not in Django's
        with native.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as stream:
            for row in rows:
                values = [*row, *(draw() for draw in draws), *same]
                for nth in json:
                    values[nth] = msgspec.json.encode(values[nth]).decode()
                stream.write_row(values)


def _draw(field: models.Field[Any, Any]) -> Callable[[], Any]:
    draw: Callable[[], Any] = field.default if callable(field.default) else field.get_default
    return draw


def _default(field: models.Field[Any, Any]) -> Any:
    """The same for all: what is stored together has one moment, as in any transaction of PostgreSQL."""
    value = field.get_default()
    return msgspec.json.encode(value).decode() if isinstance(field, models.JSONField) else value
