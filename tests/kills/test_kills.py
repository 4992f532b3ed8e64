"""Nothing lost, nothing twice, whichever part dies while people work.

Each test runs a crowd against a real instance, kills what its name says, and then does the accounts:
every acknowledged submission is stored exactly once, none that nobody sent, never over k.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psutil
import psycopg
import pytest
import redis

from evalhub.common.embedded.children import wait_until
from evalhub.common.supervisor.instance import Up
from tests.kills.accounts import everything_was_judged_once, import_state, settle
from tests.kills.crowd import Caller, Crowd, Seeded, crowd_at_work

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]

Seed = Callable[..., Seeded]

PATIENCE = 45.0
ROWS = 600  # of an import: two batches


def web_workers(up: Up) -> list[psutil.Process]:
    """The processes that answer; granian's own starts them again."""
    return psutil.Process(up.started("web").pid).children()


def wait_for_progress(crowd: Crowd, submits: int) -> None:
    """Until so many more were acknowledged, or all of it is done."""
    before = len(crowd.acknowledged)
    wait_until(lambda: len(crowd.acknowledged) >= before + submits, seconds=PATIENCE)


def start_import(up: Up, seeded: Seeded, name: str) -> str:
    """An import through the API, whose job then waits for a worker; its uid."""
    lines = [
        json.dumps({"id": f"{name}-{n}", "messages": [{"role": "user", "content": f"{name} {n}?"}]})
        for n in range(ROWS)
    ]
    fields = {"kind": "prompts", "collection": name, "format": "auto"}
    with closing(Caller(up, seeded.lead)) as lead:
        answer = lead.upload("imports", fields, "\n".join(lines).encode())
    assert answer.status == 202, answer
    return str(answer.body["uid"])


def rows_stored(up: Up, seeded: Seeded, name: str) -> int:
    with up.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM prompts_prompt p JOIN prompts_collection c ON c.id ="
            " p.collection_id JOIN accounts_workspace w ON w.id = c.workspace_id"
            " WHERE c.slug = %s AND w.slug = %s",
            [name, seeded.workspace],
        ).fetchone()
        assert row is not None
        return int(row[0])


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


def test_the_web_workers_killed_again_and_again_during_submits(up: Up, seed: Seed) -> None:
    seeded = seed(tasks=80)
    with crowd_at_work(up, seeded) as crowd:
        for _ in range(4):
            wait_for_progress(crowd, submits=40)
            kill_a_web_worker(up)
    everything_was_judged_once(up, crowd)


def kill_a_web_worker(up: Up) -> None:
    assert wait_until(lambda: bool(web_workers(up)), seconds=PATIENCE)
    victim = web_workers(up)[0]
    victim.kill()
    assert wait_until(lambda: victim not in web_workers(up), seconds=PATIENCE)


def test_the_whole_web_server_killed_during_submits(up: Up, seed: Seed) -> None:
    seeded = seed(tasks=80)
    with crowd_at_work(up, seeded) as crowd:
        wait_for_progress(crowd, submits=40)
        os.killpg(os.getpgid(up.started("web").pid), signal.SIGKILL)
    everything_was_judged_once(up, crowd)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL], ids=["restarted", "killed"])
def test_the_database_gone_during_submits_and_an_import(
    up: Up, seed: Seed, by: signal.Signals
) -> None:
    seeded = seed(tasks=80)
    with crowd_at_work(up, seeded) as crowd:
        source = start_import(up, seeded, "while-it-dies")
        wait_for_progress(crowd, submits=40)
        before = up.started("database")
        os.kill(before.pid, by)
        assert wait_until(lambda: up.started("database") != before, seconds=PATIENCE), up.said
    everything_was_judged_once(up, crowd)
    settle(up, [source])
    assert rows_stored(up, seeded, "while-it-dies") == ROWS
    assert import_state(up, source)[3]["new"] == ROWS


def test_a_broker_that_hangs_keeps_nobody_waiting_and_loses_nothing(up: Up, seed: Seed) -> None:
    seeded = seed(tasks=40)
    with stopped(up.started("broker").pid):
        with crowd_at_work(up, seeded) as crowd:
            sources = [start_import(up, seeded, f"hanging-{n}") for n in range(3)]
        assert crowd.slowest < 10
    everything_was_judged_once(up, crowd)
    settle(up, sources)
    assert [rows_stored(up, seeded, f"hanging-{n}") for n in range(3)] == [ROWS] * 3


def test_a_broker_that_dies_while_people_work(up: Up, seed: Seed) -> None:
    seeded = seed(tasks=80)
    with crowd_at_work(up, seeded) as crowd:
        wait_for_progress(crowd, submits=30)
        before = up.started("broker")
        os.kill(before.pid, signal.SIGKILL)
        source = start_import(up, seeded, "while-it-is-away")
        assert wait_until(lambda: up.started("broker") != before, seconds=PATIENCE), up.said
    everything_was_judged_once(up, crowd)
    settle(up, [source])
    assert rows_stored(up, seeded, "while-it-is-away") == ROWS


def test_a_broker_flushed_with_jobs_queued_and_then_told_each_twice(up: Up, seed: Seed) -> None:
    seeded = seed(tasks=1, overlap=1)
    with stopped(up.started("worker-default").pid):
        sources = [start_import(up, seeded, f"flushed-{n}") for n in range(3)]
        with broker(up) as client:
            assert client.llen("default") >= 2  # the stopped worker may have one in its hands
            client.flushall()
        doubled = [start_import(up, seeded, f"twice-{n}") for n in range(2)]
        with broker(up) as client:
            for message in client.lrange("default", 0, -1):
                client.rpush("default", message)
    settle(up, [*sources, *doubled])
    for uid in [*sources, *doubled]:
        state, attempt, error, counts = import_state(up, uid)
        assert (state, attempt, error, counts["new"]) == ("succeeded", 1, "", ROWS)


def test_the_worker_killed_in_the_middle_of_a_job(up: Up, seed: Seed) -> None:
    seeded = seed(tasks=1, overlap=1)
    sources = [start_import(up, seeded, f"worker-{n}") for n in range(4)]
    before = up.started("worker-default")
    assert wait_until(lambda: "running" in states(up, sources), seconds=PATIENCE, every=0.005)
    os.kill(before.pid, signal.SIGKILL)
    assert wait_until(lambda: up.started("worker-default") != before, seconds=PATIENCE), up.said
    settle(up, sources)
    for n, uid in enumerate(sources):
        assert import_state(up, uid)[3]["new"] == ROWS
        assert rows_stored(up, seeded, f"worker-{n}") == ROWS


def states(up: Up, sources: list[str]) -> set[str]:
    try:
        return {import_state(up, uid)[0] for uid in sources}
    except psycopg.OperationalError:
        return set()
