"""The ground of the suite itself."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_the_suite_runs_on_a_postgresql_of_its_own_on_a_socket() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('fsync'), current_setting('listen_addresses')")
        assert cursor.fetchone() == ("off", "")
    assert settings.DATABASES["default"]["HOST"].startswith("/")


def test_no_test_can_reach_a_broker_by_accident() -> None:
    assert settings.CELERY_BROKER_URL == "memory://"
