"""manage.py: a command joins the private database of a running `up`, or starts it for its own life."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import connections

from evalhub.common.embedded.join import private_database
from evalhub.common.embedded.places import DataDirectory

NEEDS_NO_DATABASE = {
    "help", "version", "--help", "-h", "--version", "check", "collectstatic", "findstatic",
    "diffsettings", "makemigrations", "spectacular", "up", "doctor", "race", "startapp",
    "create_max_migration_files", "rebase_migration",
}  # fmt: skip
LOOKS_AFTER_THE_SCHEMA = {"migrate", "sqlmigrate", "showmigrations"}


def run_command(arguments: Sequence[str]) -> None:
    """Run a management command with a database at hand."""
    command = arguments[1] if len(arguments) > 1 else "help"
    if command in NEEDS_NO_DATABASE or not settings.EVALHUB_PRIVATE_DATABASE:
        execute_from_command_line(list(arguments))
        return
    with private_database(DataDirectory(settings.EVALHUB_DATA_DIR)) as database:
        if database.is_new and command not in LOOKS_AFTER_THE_SCHEMA:
            execute_from_command_line([arguments[0], "migrate", "--verbosity=0"])
        try:
            execute_from_command_line(list(arguments))
        finally:
            connections.close_all()  # ours would keep the server from stopping
