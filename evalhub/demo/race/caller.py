"""A client's line to the API: it asks the very same again until it is answered."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

TRIES_FOR = 60.0  # seconds that somebody goes on trying one request
ANSWERS_WITHIN = 20.0
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0


class Unanswered(Exception):
    """A request got no answer however often it was sent."""


class Stopped(Exception):
    """The race is over for this client."""


class Answer(NamedTuple):
    status: int
    body: Any  # what JSON can hold


class Failure(NamedTuple):
    """A 5xx, and the time in which its cause must lie."""

    sent: float
    answered: float
    what: str


@dataclass
class Caller:
    """A program with a token and a connection, which it makes anew when it broke."""

    port: int
    token: str
    chance: Random = field(default_factory=Random)
    stopped: threading.Event = field(default_factory=threading.Event)
    failures: list[Failure] = field(default_factory=list)
    tries: int = 0
    slowest: float = 0.0  # from the first try to the answer
    _connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: object) -> Answer:
        return self.send("POST", path, json.dumps(body).encode(), "application/json")

    def send(self, method: str, path: str, body: bytes, kind: str) -> Answer:
        """The answer, after as many tries as it took; no answer and a 5xx count as none.

        Raises:
            Unanswered: not even after a minute.
            Stopped: `stopped` was set meanwhile.
        """
        began, pause, last = time.monotonic(), FIRST_PAUSE, "nothing"
        call = path.rpartition("/")[2]  # so that what is told of many can be counted
        while time.monotonic() - began < TRIES_FOR:
            sent = time.monotonic()
            self.tries += 1
            try:
                status, raw = self._once(method, path, body, kind)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                last = repr(error)
            else:
                if status < 500:
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    return Answer(status, json.loads(raw or b"null"))
                last = f"{status} to {call}"
                self.failures.append(Failure(sent, time.monotonic(), last))
            if self.stopped.wait(pause * self.chance.uniform(0.5, 1.5)):
                raise Stopped
            pause = min(2 * pause, LONGEST_PAUSE)
        raise Unanswered(f"{call} was not answered for {TRIES_FOR:.0f} s; the last: {last}")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _once(self, method: str, path: str, body: bytes, kind: str) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=ANSWERS_WITHIN
            )
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        self._connection.request(method, f"/api/v1/{path}", body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()
