"""Claim + submit through the API: CPU of the web server and PostgreSQL per judgment.

    python -m tests.bench.bench_claim_submit [--tasks 10000 100000] [--submits 3000] [--json]
    python -m tests.bench.bench_claim_submit --offered 60 --tasks 10000 --submits 1800

Starts a PostgreSQL and a granian (2 workers) of its own, fills a workspace with `seed_bench`, and
lets 16 clients submit as fast as they can, each request answered with the next task. Beside it, in
the same minutes, a bare psycopg loop runs the same two statements: machines are noisy, so read the
ratio. The time is that of the processes themselves (user + system); what the clients used stands
beside it: the same code costs up to twice as much while a machine is slow, the clients too.

`--offered` submits at that rate instead, each at its own moment whether the one before is answered
or not; a judgment's latency counts from that moment. Its claim alone, without a submit, stands beside.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

import psutil
from rich.console import Console
from rich.table import Table

from evalhub.common.embedded.children import Lifeline, wait_until
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.postgres import NAME, PrivatePostgres
from evalhub.common.embedded.temporary import temporary_place
from tests.bench.bare_loop import run_bare_loop

CLIENTS, WARM_UP = 16, 300
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "evalhub.settings",
    "EVALHUB_SECRET_KEY": "bench-" + "x7Qk2" * 12,
    "CELERY_BROKER_URL": "memory://",
}


@dataclass(frozen=True)
class Figures:
    tasks: int
    judgments: int
    web_ms: float  # CPU per judgment
    database_ms: float
    per_second: float
    p50_ms: float  # at full load, with 16 clients waiting
    p95_ms: float
    bare_ms: float  # the bare loop, its own Python and PostgreSQL
    client_ms: float  # CPU of the clients themselves
    claim_p95_ms: float  # a claim by itself
    seed_seconds: float

    @property
    def total_ms(self) -> float:
        return self.web_ms + self.database_ms


class Clients:
    """Sixteen annotators, each with a token and a connection that stays open."""

    def __init__(self, port: int, seeded: dict[str, Any]) -> None:
        self.port, self.seeded = port, seeded
        self.seconds: list[float] = []
        self.claim_seconds: list[float] = []
        self.began, self.between = 0.0, 0.0  # seconds between two judgments of one client

    def run(self, judgments: int, *, offered: float | None = None) -> None:
        """Let each client do its share, as fast as it can or at `offered` judgments a second."""
        self.seconds.clear()
        self.claim_seconds.clear()
        self.began = time.perf_counter()
        self.between = 1 / offered if offered else 0.0
        share = judgments // CLIENTS
        threads = [
            threading.Thread(target=self._work, args=[nth, share])
            for nth in range(len(self.seeded["tokens"]))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def due(self, nth: int, turn: int) -> float:
        """Wait for the moment at which client `nth` is to begin its turn; return that moment."""
        now = time.perf_counter()
        if not self.between:
            return now
        moment = self.began + (turn * CLIENTS + nth + 1) * self.between
        time.sleep(max(0.0, moment - now))  # the offered rate, not a wait for something to be true
        return moment

    def _work(self, nth: int, judgments: int) -> None:
        wire = http.client.HTTPConnection("127.0.0.1", self.port)
        token = self.seeded["tokens"][nth]
        head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

        def post(path: str, body: dict[str, Any]) -> Any:
            wire.request("POST", path, json.dumps(body), head)
            answer = wire.getresponse()
            text = answer.read()
            assert answer.status in (200, 201), text
            return json.loads(text)

        def claim() -> Any:
            began = time.perf_counter()
            found = post(f"/api/v1/campaigns/{self.seeded['campaign']}/claim", {})
            self.claim_seconds.append(time.perf_counter() - began)
            return found

        claimed = claim()
        self.claim_seconds.clear()  # by whoever is last: the rush at the start is no claim to count
        for turn in range(judgments):
            apart = bool(self.between) and turn % 2 == 1  # every second asks for the next by itself
            began = self.due(nth, turn)
            url = f"/api/v1/assignments/{claimed['assignment']}/submit"
            body = self._body(claimed["token"]) | {"claim_next": not apart}
            claimed = post(url, body)["next"]
            self.seconds.append(time.perf_counter() - began)
            claimed = claim() if apart else claimed

    def _body(self, token: int) -> dict[str, Any]:
        first, second = self.seeded["criteria"]
        return {
            "token": token,
            "submission_id": str(uuid4()),
            "claim_next": True,
            "holding": [],
            "active_ms": 41200,
            "ratings": [
                {"response": "A", "criterion": first, "value": 4},
                {"response": "B", "criterion": second, "value": 2},
            ],
            "preferences": [{"criterion": None, "choice": "A", "strength": 2}],
        }


def measure(
    tasks: int, judgments: int, *, kind: type[Clients] = Clients, offered: float | None = None
) -> Figures:
    with temporary_place() as place, database(place) as postgres:
        os.environ |= {"DATABASE_URL": url_of(place), "EVALHUB_DATA_DIR": str(place.root)}
        (place.root / "static").mkdir(exist_ok=True)
        manage("migrate", "--verbosity", "0")
        began = time.perf_counter()
        arguments = ["--tasks", str(tasks), "--annotators", str(CLIENTS), "--overlap", "3"]
        seeded = json.loads(manage("seed_bench", *arguments, "--json"))
        seed_seconds = time.perf_counter() - began
        with web_server() as (port, server):
            clients = kind(port, seeded)
            clients.run(WARM_UP)
            spent = cpu_of(server), cpu_of(postgres), time.process_time()
            began = time.perf_counter()
            clients.run(judgments, offered=offered)
            elapsed = time.perf_counter() - began
            now = cpu_of(server), cpu_of(postgres), time.process_time()
        bare = bare_ms(seeded, postgres, judgments)
    cpu = [after - before for after, before in zip(now, spent, strict=True)]
    return figures_of(tasks, judgments, clients, elapsed, cpu, bare=bare, seed=seed_seconds)


def figures_of(
    tasks: int,
    judgments: int,
    clients: Clients,
    elapsed: float,
    spent: list[float],  # CPU seconds of web, database and clients
    *,
    bare: float,
    seed: float,
) -> Figures:
    done = CLIENTS * (judgments // CLIENTS)
    latencies = statistics.quantiles(clients.seconds, n=100)
    claims = statistics.quantiles(clients.claim_seconds, n=100) if clients.claim_seconds else []
    return Figures(
        tasks=tasks,
        judgments=done,
        web_ms=1000 * spent[0] / done,
        database_ms=1000 * spent[1] / done,
        per_second=done / elapsed,
        p50_ms=1000 * latencies[49],
        p95_ms=1000 * latencies[94],
        bare_ms=bare,
        client_ms=1000 * spent[2] / done,
        claim_p95_ms=1000 * claims[94] if claims else 0.0,
        seed_seconds=seed,
    )


def bare_ms(seeded: dict[str, Any], postgres: int, judgments: int) -> float:
    before = cpu_of(postgres), time.process_time()
    done = run_bare_loop(seeded, clients=CLIENTS, judgments=judgments)
    spent = cpu_of(postgres) - before[0] + time.process_time() - before[1]
    return 1000 * spent / done


def cpu_of(pid: int) -> float:
    """Seconds that the process and all below it have computed."""
    root = psutil.Process(pid)
    own = root.cpu_times()
    spent = own.user + own.system + own.children_user + own.children_system
    for each in root.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended since, and is among the root's children's
            times = each.cpu_times()
            spent += times.user + times.system
    return spent


@contextmanager
def database(place: DataDirectory) -> Iterator[int]:
    lifeline, server = Lifeline(), PrivatePostgres(place)
    process = server.start(lifeline)
    try:
        yield process.pid
    finally:
        server.stop(process, lifeline)
        lifeline.close()


def url_of(place: DataDirectory) -> str:
    host = place.sockets().postgres
    return f"postgres://{NAME}:{place.database_password()}@/{NAME}?host={host}"


def manage(*arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def web_server() -> Iterator[tuple[int, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--workers",
        "2", "--blocking-threads", "2", "--no-ws", "--log-level", "warning",
        "evalhub.wsgi:application",
    ]  # fmt: skip
    process = subprocess.Popen(command)
    try:
        wait_until(answers(port), seconds=30, every=0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(15)


def answers(port: int) -> Callable[[], bool]:
    def check() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return check


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--submits", type=int, default=3000)
    parser.add_argument("--offered", type=float, help="judgments a second; none: no think time")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.environ.update(SETTINGS)
    rows = [measure(tasks, chosen.submits, offered=chosen.offered) for tasks in chosen.tasks]
    if not chosen.json:
        show(rows, title="CPU per judgment: submit and next task, 16 clients, target 2.5 ms")
    found = [asdict(row) | {"total_ms": row.total_ms} for row in rows]
    sys.stdout.write(json.dumps(found) + "\n")


def show(rows: list[Figures], *, title: str) -> None:
    table = Table(title=title)
    names = "tasks", "web ms", "PostgreSQL ms", "sum ms", "per s", "p50 ms", "p95 ms"
    names += "claim p95 ms", "bare ms", "clients ms"
    for name in names:
        table.add_column(name, justify="right")
    for row in rows:
        figures = (row.web_ms, row.database_ms, row.total_ms, row.per_second, row.p50_ms)
        rest = (row.p95_ms, row.claim_p95_ms, row.bare_ms, row.client_ms)
        table.add_row(f"{row.tasks:,}", *(f"{figure:,.2f}" for figure in (*figures, *rest)))
    Console(stderr=True).print(table)


if __name__ == "__main__":
    main()
