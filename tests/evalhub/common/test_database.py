"""What the hot path asks of the database without Django's own way of asking."""

from __future__ import annotations

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from evalhub.common.rows import array_of, first_row

HOSTILE = [
    "",
    "NULL",
    'say "no"',
    "a\\b\\",
    "{1,2}",
    "x,y\n",
    "'; --",
    "%s %(name)s %%",
    "ü🙂",
    None,
]


@pytest.mark.django_db
def test_texts_come_out_of_an_array_as_they_went_in() -> None:
    assert first_row("SELECT %(texts)s::text[]", {"texts": array_of(HOSTILE)}) == (HOSTILE,)
    assert first_row("SELECT %s::bigint[]", [array_of([3, None, -(2**60)])]) == (
        [3, None, -(2**60)],
    )
    assert first_row("SELECT %s::boolean[]", [array_of([True, False])]) == ([True, False],)
    assert first_row("SELECT %s::text[]", [array_of([])]) == ([],)


@pytest.mark.django_db
def test_a_name_may_stand_twice_and_a_percent_sign_is_doubled() -> None:
    assert first_row("SELECT %(a)s::int, 7 %% %(b)s::int, %(a)s::int", {"a": 1, "b": 4}) == (
        1,
        3,
        1,
    )
    assert first_row("SELECT 1 WHERE false", []) is None


@pytest.mark.django_db
def test_the_quick_way_is_counted_like_any_other_query() -> None:
    with CaptureQueriesContext(connection) as seen:
        assert first_row("SELECT %s::int", [5]) == (5,)
    assert len(seen) == 1


@pytest.mark.django_db
def test_the_quick_way_keeps_django_s_rules() -> None:
    twice = "INSERT INTO accounts_workspace (uid, created_at, slug, name) VALUES" + ", ".join(
        ["(gen_random_uuid(), now(), 'twice', 'Twice')"] * 2
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        first_row(twice + " RETURNING id", [])
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            first_row("SELECT 1", [])


def hung_up() -> int:
    """The server ends our connection; the key of the process that served it."""
    (pid,) = first_row("SELECT pg_backend_pid()", []) or (0,)
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    known = {name: parameters[name] for name in names if parameters.get(name)}
    with psycopg.connect(**known, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    return int(pid)


@pytest.mark.django_db(transaction=True)
def test_a_server_that_hung_up_is_noticed_without_asking_it() -> None:
    """As after a restart: the next request gets a connection of its own and no error."""
    pid = hung_up()
    wrapper = connections["default"]
    wrapper.health_check_enabled, wrapper.health_check_done = True, False
    assert (first_row("SELECT pg_backend_pid()", []) or (pid,))[0] != pid


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_in_a_request_is_not_given_to_the_next() -> None:
    pid = hung_up()
    wrapper = connections["default"]
    wrapper.health_check_enabled, wrapper.health_check_done = True, True
    with pytest.raises(OperationalError):
        first_row("SELECT 1", [])
    wrapper.health_check_done = False
    assert (first_row("SELECT pg_backend_pid()", []) or (pid,))[0] != pid
