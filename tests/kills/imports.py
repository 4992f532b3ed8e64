"""Imports that a lead starts through the API, whose jobs then wait for a worker."""

from __future__ import annotations

import json
import uuid
from contextlib import closing
from typing import LiteralString, NamedTuple

from evalhub.common.embedded.children import wait_until
from evalhub.common.supervisor.instance import Up
from evalhub.demo.race.caller import Caller
from tests.kills.conftest import Seeded

ROWS = 600  # of an import: two batches
SETTLED_WITHIN = 40.0

WAITING: LiteralString = "SELECT count(*) FROM jobs_news WHERE delivered_at IS NULL"
JOB: LiteralString = """
    SELECT j.state, j.attempt, j.error, i.counts
    FROM jobs_job j JOIN imports_import i ON i.job_id = j.id WHERE i.uid = %s
"""
IN_COLLECTION: LiteralString = """
    SELECT count(*) FROM prompts_prompt p JOIN prompts_collection c ON c.id = p.collection_id
    JOIN accounts_workspace w ON w.id = c.workspace_id WHERE c.slug = %s AND w.slug = %s
"""


class State(NamedTuple):
    state: str
    attempt: int
    error: str
    counts: dict[str, int]


class Started(NamedTuple):
    name: str
    uid: str
    seconds: float  # until the API had answered


def start_import(up: Up, seeded: Seeded, name: str) -> Started:
    lines = [
        json.dumps({"id": f"{name}-{n}", "messages": [{"role": "user", "content": f"{name} {n}?"}]})
        for n in range(ROWS)
    ]
    fields = {"kind": "prompts", "collection": name, "format": "auto"}
    body, edge = form_of(fields, "\n".join(lines).encode())
    with closing(Caller(up.port, seeded.lead)) as lead:
        answer = lead.send("POST", "imports", body, f"multipart/form-data; boundary={edge}")
    assert answer.status == 202, answer
    return Started(name, str(answer.body["uid"]), lead.slowest)


def form_of(fields: dict[str, str], file: bytes) -> tuple[bytes, str]:
    edge = uuid.uuid4().hex
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="x.jsonl"\r\n\r\n'
    return "".join([*parts, head]).encode() + file + f"\r\n--{edge}--\r\n".encode(), edge


def state_of(up: Up, started: Started) -> State:
    with up.connect() as connection:
        row = connection.execute(JOB, [started.uid]).fetchone()
    assert row is not None
    return State(*row)


def all_arrived(up: Up, seeded: Seeded, imports: list[Started]) -> None:
    """Wait until each has ended well and what was announced is delivered; every row is there once."""

    def ended() -> bool:
        return all(state_of(up, each).state == "succeeded" for each in imports)

    def news_is_delivered() -> bool:
        with up.connect() as connection:
            return connection.execute(WAITING).fetchone() == (0,)

    assert wait_until(ended, seconds=SETTLED_WITHIN, every=0.2), [
        state_of(up, each) for each in imports
    ]
    assert wait_until(news_is_delivered, seconds=SETTLED_WITHIN, every=0.2)
    for each in imports:
        assert state_of(up, each).counts["new"] == ROWS
        with up.connect() as connection:
            row = connection.execute(IN_COLLECTION, [each.name, seeded.workspace]).fetchone()
        assert row == (ROWS,)
