"""No job and no judgment is lost, and none done twice, when the broker hangs or forgets or a worker dies.

What is killed while people judge is in test_race.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis

from evalhub.common.embedded.children import wait_until
from evalhub.common.supervisor.instance import Up
from evalhub.demo.race.accounts import Figures
from evalhub.demo.race.clients import STEADY
from evalhub.demo.race.ledger import Ledger
from evalhub.demo.race.race import run_race
from tests.kills.conftest import Seeded
from tests.kills.imports import Started, all_arrived, start_import, state_of

pytestmark = pytest.mark.slow

Seed = Callable[..., Seeded]

PATIENCE = 45.0
NOBODY_WAITS = 10.0


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process neither works nor ends: it hangs, as one does behind a broken network."""
    group = os.getpgid(pid)
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def broker(up: Up) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(up.place.sockets().redis))


def test_a_broker_that_hangs_keeps_nobody_waiting_and_loses_nothing(up: Up, seed: Seed) -> None:
    seeded = seed(tasks=40)
    ledger = Ledger(wanted=120)
    with stopped(up.started("broker").pid):
        imports = [start_import(up, seeded, f"hanging-{n}") for n in range(2)]
        outcome = run_race(up, seeded.course, ledger, seed=1, habits=STEADY, schedule=())
    assert (outcome.figures, outcome.surprises) == (Figures(120, 120, 0, 0, 0, 0), {})
    assert max(ledger.slowest, *(each.seconds for each in imports)) < NOBODY_WAITS
    all_arrived(up, seeded, imports)


def test_a_broker_flushed_with_jobs_queued_and_then_told_each_twice(up: Up, seed: Seed) -> None:
    seeded = seed(tasks=1, overlap=1)
    with stopped(up.started("worker-default").pid):
        imports = [start_import(up, seeded, f"flushed-{n}") for n in range(3)]
        with broker(up) as client:
            assert client.llen("default") >= 2  # the stopped worker may have one in its hands
            client.flushall()
        doubled = [start_import(up, seeded, f"twice-{n}") for n in range(2)]
        with broker(up) as client:
            for message in client.lrange("default", 0, -1):
                client.rpush("default", message)
    all_arrived(up, seeded, [*imports, *doubled])
    for each in [*imports, *doubled]:
        state = state_of(up, each)
        assert (state.attempt, state.error) == (1, "")


def test_the_worker_killed_in_the_middle_of_a_job(up: Up, seed: Seed) -> None:
    seeded = seed(tasks=1, overlap=1)
    imports = [start_import(up, seeded, f"worker-{n}") for n in range(4)]
    before = up.started("worker-default")
    assert wait_until(lambda: "running" in states(up, imports), seconds=PATIENCE, every=0.005)
    os.kill(before.pid, signal.SIGKILL)
    assert wait_until(lambda: up.started("worker-default") != before, seconds=PATIENCE), up.said
    all_arrived(up, seeded, imports)


def states(up: Up, imports: list[Started]) -> set[str]:
    try:
        return {state_of(up, each).state for each in imports}
    except psycopg.OperationalError:
        return set()
