"""One more lookup of the ORM: `uid__any=[…]`."""

from __future__ import annotations

from typing import Any

from django.db import models

from evalhub.common.rows import array_of


class AnyOf(models.Lookup):  # type: ignore[type-arg]  # not subscriptable
    """As `__in`, for hundreds of texts, UUIDs or whole numbers: one array instead of as many places.

    `__in` costs Django and psycopg some 15 µs of CPU a value, more than what the index then does.
    """

    lookup_name = "any"

    def get_prep_lookup(self) -> list[Any]:
        prepare = self.lhs.output_field.get_prep_value
        return [prepare(each) for each in self.rhs]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, values = self.process_lhs(compiler, connection)
        kind = self.lhs.output_field.db_type(connection).partition("(")[0]
        return f"{left} = ANY(%s::{kind}[])", [*values, array_of(self.rhs)]


models.Field.register_lookup(AnyOf)
