"""A list costs as many queries for many rows as for one."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from tests.contract.urls import workspace_urls
from tests.contract.world import World

LISTS = [url for url in workspace_urls() if not url.names_an_object]
MORE = 5  # rows of everything


@pytest.fixture
def world(acme: Workspace) -> World:
    return World(acme)


def queries(client: Client, path: str) -> int | None:
    """How many a GET takes, once caches are warm; None where there is nothing to get."""
    if client.get(path).status_code != 200:
        return None
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(path)
    return len(captured)


def end_all_jobs() -> None:
    """A workspace may have 200 that wait, no more."""
    Job.objects.unended().update(state=JobState.SUCCEEDED, ended_at=timezone.now())


def look_at_the_tables() -> None:
    """What autovacuum does elsewhere: of rows in our transaction the planner knows nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.mark.slow
def test_more_rows_do_not_take_more_queries(client: Client, olga: Member, world: World) -> None:
    client.force_login(olga.user)
    world.grow(1)
    end_all_jobs()
    paths = [url.path(world, workspace="acme") for url in LISTS]
    before = {path: queries(client, path) for path in paths}
    for nth in range(MORE):
        world.grow(1)
        end_all_jobs()
        if nth % 5 == 0:
            look_at_the_tables()
    after = {path: queries(client, path) for path in paths}
    grown = {path: (before[path], after[path]) for path in paths if after[path] != before[path]}
    assert grown == {}
    assert sum(count is not None for count in before.values()) > 10
