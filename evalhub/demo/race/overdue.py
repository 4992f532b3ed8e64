"""Leases that clients let run out: minutes pass by an UPDATE; the rest is the reaper's own work."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import LiteralString, NamedTuple

import psycopg

from evalhub.common.supervisor.instance import Up

LOOK_EVERY = 0.3

RUN_OUT: LiteralString = """
    UPDATE campaigns_assignment a SET expires_at = now() - interval '1 second'
    FROM unnest(%s::uuid[], %s::int[]) AS theirs (uid, token)
    WHERE a.uid = theirs.uid AND a.token = theirs.token AND a.state = 'held'
"""
RETURNED: LiteralString = """
    SELECT theirs.uid::text, theirs.token
    FROM campaigns_assignment a
    JOIN unnest(%s::uuid[], %s::int[]) AS theirs (uid, token) ON a.uid = theirs.uid
    WHERE a.state = 'expired' OR a.token > theirs.token
"""


class Lent(NamedTuple):
    assignment: str
    token: int  # each time it is lent it has another


@dataclass
class Overdue:
    up: Up
    expired: set[Lent] = field(default_factory=set)  # out of time, and perhaps not taken back yet
    returned: set[Lent] = field(default_factory=set)  # taken back: the place is anybody's
    _asked: set[Lent] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def let_run_out(self, lent: Lent) -> None:
        with self._lock:
            self._asked.add(lent)

    def watch(self, enough: threading.Event) -> None:
        """Do what was asked and look what the reaper has done, until it is enough."""
        while not enough.wait(LOOK_EVERY):
            with suppress(psycopg.OperationalError), self.up.connect() as connection:
                while not enough.wait(LOOK_EVERY):
                    self._look(connection)

    def _look(self, connection: psycopg.Connection) -> None:
        with self._lock:
            asked = self._asked - self.expired
        if asked:
            connection.execute(RUN_OUT, _columns(asked))
            self.expired |= asked
        if waiting := self.expired - self.returned:
            rows = connection.execute(RETURNED, _columns(waiting)).fetchall()
            self.returned |= {Lent(*row) for row in rows}


def _columns(leases: set[Lent]) -> list[list[str] | list[int]]:
    return [[each.assignment for each in leases], [each.token for each in leases]]
