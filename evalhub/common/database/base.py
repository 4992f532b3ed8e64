"""Django's PostgreSQL backend, with the two things a judgment asks of it most made cheap.

A request on a lasting connection first wants to know whether the server is still there, and then
asks two to four questions with one row as the answer. Django's way costs a round trip for the one
and twice the necessary Python for the other.
"""

from __future__ import annotations

import re
import select
import time
from functools import lru_cache
from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper as Postgres
from psycopg import RawCursor

Row = tuple[Any, ...]  # of whatever psycopg makes of the columns
IDLE = 30.0  # seconds after which only an answer proves that the server is there


class DatabaseWrapper(Postgres):
    _looked_at = 0.0
    _kept: RawCursor[Any] | None = None  # of one connection

    def is_usable(self) -> bool:
        """A server that stops or dies closes the socket, which shows without asking.

        After an error we ask all the same, and after a while of silence: something on the way may
        have forgotten us.
        """
        if self.connection.closed:  # broken, as psycopg knows already: there is no socket any more
            return False
        now = time.monotonic()
        idle, self._looked_at = now - self._looked_at, now
        is_quiet = idle < IDLE and not self.errors_occurred
        if is_quiet and not _has_something_to_say(self.connection.fileno()):
            return True
        return bool(super().is_usable())

    def first_row(self, statement: str, values: Any) -> Row | None:
        """What `cursor.execute` and `fetchone` give, in half the time.

        Args:
            values: a sequence or a mapping of anything that psycopg can send.
        """
        row: Row | None
        if self.queries_logged or self.execute_wrappers:
            with self.cursor() as cursor:
                cursor.execute(statement, values)
                row = cursor.fetchone()
                return row
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            if self._kept is None or self._kept.connection is not self.connection:
                self._kept = RawCursor(self.connection)
            text, names = _numbered(statement)
            given = values if names is None else [values[name] for name in names]
            row = self._kept.execute(text, given).fetchone()
            return row


@lru_cache(maxsize=1024)
def _numbered(statement: str) -> tuple[str, list[str] | None]:
    """The statement with $1, $2 as PostgreSQL has them, and the names in that order if there are any.

    psycopg does the same, but anew each time for a statement of more than 4 kB, at 0.2 ms.
    """
    numbers: dict[str, int] = {}
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        if found[1] is None:
            count += 1
            return f"${count}"
        return f"${numbers.setdefault(found[1], len(numbers) + 1)}"

    text = _PLACE.sub(number, statement)
    return text, None if count else list(numbers)


_PLACE = re.compile(r"%(?:%|s|\((\w+)\)s)")


def _has_something_to_say(socket: int) -> bool:
    waiting = select.poll()
    waiting.register(socket, select.POLLIN)
    return bool(waiting.poll(0))
