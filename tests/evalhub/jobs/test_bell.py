"""What is rung first is heard first, but for news: those wait until nobody else does."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty

import pytest
from celery import current_app
from kombu import Connection

from evalhub.jobs.bell import ring, ring_news
from tests import factories as make


@pytest.fixture
def queue(redis_broker: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    monkeypatch.setitem(current_app.conf, "broker_write_url", redis_broker)
    with Connection(redis_broker) as connection:
        yield connection


def heard(connection: Connection) -> list[object]:
    """What the workers of `default` would take, in their order."""
    taken = []
    with connection.SimpleQueue("default") as waiting:
        while True:
            try:
                message = waiting.get_nowait()
            except Empty:
                return taken
            taken.append(message.payload[0][0])
            message.ack()


def test_a_job_does_not_stand_behind_a_thousand_news(db: None, queue: Connection) -> None:
    first, second = make.JobFactory.create(), make.JobFactory.create()

    ring_news(1)
    ring(first)
    ring_news(2)
    ring(second)

    assert heard(queue) == [str(first.uid), str(second.uid), 1, 2]
