"""What a test that really commits leaves behind is wiped away."""

from __future__ import annotations

from django.db import connection
from django.test import TransactionTestCase

KEPT = ("django_migrations", "django_content_type", "auth_permission")
TABLES = """
    SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables
    WHERE schemaname = current_schema() AND tablename <> ALL(%s)
"""


def wipe(case: TransactionTestCase) -> None:
    """As Django does, but without writing the kinds of models and their permissions anew, which takes as long.

    Truncated, not deleted: the planner forgets how many rows there were, and takes a table for no smaller
    than it is.
    """
    with connection.cursor() as cursor:
        cursor.execute(TABLES, [list(KEPT)])
        (tables,) = cursor.fetchone()
        cursor.execute(f"TRUNCATE {tables}")
