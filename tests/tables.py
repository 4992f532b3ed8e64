"""The tables of a test run: the migrations make them once, and each worker of xdist has a copy."""

from __future__ import annotations

from django.conf import settings
from django.db import connection

from tests.ground import data_directory, one_at_a_time


def make_tables(worker: str) -> None:
    """Connect this process to a database with all tables in it.

    Args:
        worker: the name of xdist's worker, or nothing where there is none.
    """
    creation, ready = connection.creation, data_directory() / "tables"
    name = creation._get_test_db_name()
    with one_at_a_time("migrations"):
        if not ready.exists():
            creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            ready.touch()
        use(name)
        if worker:
            creation.clone_test_db(worker, verbosity=0)
            use(creation.get_test_db_clone_settings(worker)["NAME"])


def use(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
