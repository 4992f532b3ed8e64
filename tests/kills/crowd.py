"""Eight people who judge through the API, and who try again whatever happens to the server."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from evalhub.common.supervisor.instance import Up

TRIES_FOR = 60.0  # seconds that somebody goes on trying one request
BETWEEN_TRIES = 0.05
ANSWERS_WITHIN = 20.0


@dataclass(frozen=True)
class Seeded:
    workspace: str
    campaign: str
    criteria: list[str]
    tokens: list[str]
    lead: str


class Answer(NamedTuple):
    status: int
    body: Any  # what JSON can hold


class Caller:
    """A program with a token and a connection, which it makes anew when it broke."""

    def __init__(self, up: Up, token: str) -> None:
        self._port, self._token = up.port, token
        self._connection: http.client.HTTPConnection | None = None
        self._pause = threading.Event()  # never set: a wait that ends by its time

    def post(self, path: str, body: object) -> Answer:
        return self.send("POST", path, json.dumps(body).encode(), "application/json")

    def get(self, path: str) -> Answer:
        return self.send("GET", path, b"", "application/json")

    def upload(self, path: str, fields: dict[str, str], file: bytes) -> Answer:
        edge = uuid.uuid4().hex
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="x.jsonl"\r\n\r\n'
        )
        body = "".join([*parts, head]).encode() + file + f"\r\n--{edge}--\r\n".encode()
        return self.send("POST", path, body, f"multipart/form-data; boundary={edge}")

    def send(self, method: str, path: str, body: bytes, kind: str) -> Answer:
        """The answer, after as many tries as it took; no answer and a 5xx count as none."""
        deadline, last = time.monotonic() + TRIES_FOR, "nothing"
        while time.monotonic() < deadline:
            try:
                status, raw = self._once(method, path, body, kind)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                last = repr(error)
            else:
                if status < 500:
                    return Answer(status, json.loads(raw or b"null"))
                last = f"{status} {raw[:500]!r}"
            self._pause.wait(BETWEEN_TRIES)
        raise AssertionError(f"{path} was not answered for {TRIES_FOR:.0f} s; the last: {last}")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _once(self, method: str, path: str, body: bytes, kind: str) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=ANSWERS_WITHIN
            )
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        self._connection.request(method, f"/api/v1/{path}", body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


@dataclass
class Crowd:
    """What was sent and what was acknowledged, by submission id."""

    up: Up
    seeded: Seeded
    sent: set[str] = field(default_factory=set)
    acknowledged: dict[str, str] = field(default_factory=dict)  # submission: judgment
    failures: list[BaseException] = field(default_factory=list)
    slowest: float = 0.0

    def work_until_nothing_is_left(self, token: str) -> None:
        try:
            with closing(Caller(self.up, token)) as caller:
                while (lease := self._claim(caller)) is not None:
                    while lease is not None:
                        lease = self._submit(caller, lease)
        except BaseException as failure:
            self.failures.append(failure)
            raise

    def _claim(self, caller: Caller) -> dict[str, Any] | None:
        answer = caller.post(f"campaigns/{self.seeded.campaign}/claim", {"holding": []})
        assert answer.status in {200, 204}, answer
        lease: dict[str, Any] | None = answer.body
        return lease

    def _submit(self, caller: Caller, lease: dict[str, Any]) -> dict[str, Any] | None:
        submission = str(uuid.uuid4())
        self.sent.add(submission)
        body = {
            "token": lease["token"],
            "submission_id": submission,
            "claim_next": True,
            "ratings": [
                {"response": label, "criterion": slug, "value": 4}
                for label in "AB"
                for slug in self.seeded.criteria
            ],
            "preferences": [{"criterion": None, "choice": "A", "strength": 2}],
        }
        began = time.monotonic()
        answer = caller.post(f"assignments/{lease['assignment']}/submit", body)
        self.slowest = max(self.slowest, time.monotonic() - began)
        assert answer.status in {200, 201}, answer
        self.acknowledged[submission] = answer.body["judgment"]
        following: dict[str, Any] | None = answer.body["next"]
        return following


@contextmanager
def crowd_at_work(up: Up, seeded: Seeded) -> Iterator[Crowd]:
    """They begin with the block; leaving it waits until nothing is left to judge."""
    crowd = Crowd(up, seeded)
    threads = [
        threading.Thread(target=crowd.work_until_nothing_is_left, args=[token], daemon=True)
        for token in seeded.tokens
    ]
    for each in threads:
        each.start()
    yield crowd
    for each in threads:
        each.join(TRIES_FOR * 2)
    assert not any(each.is_alive() for each in threads), "somebody never came to an end"
    assert crowd.failures == []
