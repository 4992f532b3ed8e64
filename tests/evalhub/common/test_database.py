"""What the hot path asks of the database without Django's own way of asking."""

from __future__ import annotations

import psycopg
import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from evalhub.accounts.models import Member
from evalhub.common.copying import copy_in, keys_for
from evalhub.common.rows import array_of, first_row
from evalhub.prompts.models import PromptGroup, Split

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


@pytest.mark.django_db(transaction=True)
def test_a_server_that_hung_up_is_noticed_without_asking_it() -> None:
    """As after a restart: the next request gets a connection of its own and no error."""
    (pid,) = first_row("SELECT pg_backend_pid()", []) or (0,)
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    known = {name: parameters[name] for name in names if parameters.get(name)}
    with psycopg.connect(**known, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    wrapper = connections["default"]
    wrapper.health_check_enabled, wrapper.health_check_done = True, False
    assert (first_row("SELECT pg_backend_pid()", []) or (pid,))[0] != pid


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_there_is_not_asked_twice() -> None:
    first_row("SELECT 1", [])
    wrapper = connections["default"]
    assert wrapper.is_usable()  # the first time it is asked, which no other test may have done
    with CaptureQueriesContext(connection) as seen:
        assert wrapper.is_usable()
    assert not seen.captured_queries


def test_copied_rows_have_the_model_s_defaults(bob: Member) -> None:
    keys = keys_for(PromptGroup, 2)
    rows = [(key, bob.workspace_id, Split.TEST.value) for key in keys]
    copy_in(PromptGroup, ["id", "workspace_id", "split"], rows)
    one, two = PromptGroup.objects.filter(pk__in=keys).order_by("pk")
    assert one.uid != two.uid
    assert (one.split, one.merged_into, one.created_at.tzinfo is None) == ("test", None, False)
    assert PromptGroup.objects.create(workspace=bob.workspace, split="test").pk not in keys
