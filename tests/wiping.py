"""What a test that really commits leaves behind is wiped away: rows only, and only where there are any."""

from __future__ import annotations

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = ("django_migrations", "django_content_type", "auth_permission")
TABLES = """
    SELECT quote_ident(tablename) FROM pg_tables
    WHERE schemaname = current_schema() AND tablename <> ALL(%s)
"""


def wipe(case: TransactionTestCase) -> None:
    """Django truncates all tables, then writes the kinds of models and their permissions anew, which takes
    ten times as long as to delete what a test wrote. Foreign keys are looked at when all is gone.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TABLES, [list(KEPT)])
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT " + ", ".join(f"EXISTS (SELECT FROM {name})" for name in tables))
        full = [name for name, has_rows in zip(tables, cursor.fetchone(), strict=True) if has_rows]
        for name in full:
            cursor.execute(f"DELETE FROM {name}")
