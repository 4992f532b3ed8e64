"""What happens to the servers while people judge, and after which share of the judgments."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import psutil
import psycopg

from evalhub.common.embedded.children import wait_until
from evalhub.common.supervisor.instance import Up
from evalhub.common.supervisor.record import Started

PATIENCE = 60.0
GRACE = 1.0  # seconds in which connections to the old database may still be found broken


class Outage(NamedTuple):
    """When the database was away. Only then may a client get a 5xx."""

    began: float
    ended: float

    def explains(self, sent: float, answered: float) -> bool:
        return answered >= self.began and sent <= self.ended + GRACE


@dataclass(frozen=True)
class Kill:
    after: float  # share of the judgments
    told: str
    act: Callable[[Up], Outage | None]


def kill_a_web_worker(up: Up) -> None:
    """One of those that answer; granian's own process starts another."""
    if not wait_until(lambda: _killed_one_of(up), seconds=PATIENCE):
        raise TimeoutError(f"no web worker came back within {PATIENCE:.0f} s")


def kill_the_web_server(up: Up) -> None:
    _signal(up, "web", signal.SIGKILL)


def end_the_database(up: Up, *, by: signal.Signals) -> Outage:
    """INT is PostgreSQL's fast shutdown, KILL its crash; return when the next one answers."""
    before, began = _living(up, "database"), time.monotonic()
    os.kill(before.pid, by)
    if not wait_until(lambda: up.started("database") != before and _answers(up), seconds=PATIENCE):
        raise TimeoutError(f"the database did not come back within {PATIENCE:.0f} s")
    return Outage(began, time.monotonic())


def hang_the_broker(up: Up) -> None:
    """It neither works nor ends, as behind a broken network."""
    _signal(up, "broker", signal.SIGSTOP)


def kill_the_broker(up: Up) -> None:
    _signal(up, "broker", signal.SIGKILL)


def let_go(up: Up) -> None:
    """A broker that still hangs would keep the workers from ending."""
    with suppress(ProcessLookupError):
        os.killpg(up.started("broker").pid, signal.SIGCONT)


def _signal(up: Up, name: str, number: signal.Signals) -> None:
    os.killpg(_living(up, name).pid, number)  # each program leads a group of its own


def _living(up: Up, name: str) -> Started:
    """The program, when the supervisor has started it again if it had to."""
    if not wait_until(lambda: up.started(name).lives, seconds=PATIENCE):
        raise TimeoutError(f"{name} did not come back within {PATIENCE:.0f} s")
    return up.started(name)


def _killed_one_of(up: Up) -> bool:
    with suppress(psutil.NoSuchProcess):
        for each in psutil.Process(up.started("web").pid).children():
            if each.status() != psutil.STATUS_ZOMBIE and not _is_tracker(each):
                each.kill()
                return True
    return False


def _answers(up: Up) -> bool:
    try:
        up.connect().close()
    except psycopg.OperationalError:
        return False
    return True


def _is_tracker(process: psutil.Process) -> bool:
    """From Python 3.14 on multiprocessing keeps a helper beside the workers."""
    return any("resource_tracker" in word for word in process.cmdline())


SCHEDULE = (
    Kill(0.08, "kill -9 a web worker", kill_a_web_worker),
    Kill(0.16, "kill -9 a web worker", kill_a_web_worker),
    Kill(0.22, "the broker hangs", hang_the_broker),
    Kill(0.30, "kill -9 the broker", kill_the_broker),
    Kill(0.38, "restart the database", partial(end_the_database, by=signal.SIGINT)),
    Kill(0.46, "kill -9 a web worker", kill_a_web_worker),
    Kill(0.54, "kill -9 the web server", kill_the_web_server),
    Kill(0.64, "kill -9 the database", partial(end_the_database, by=signal.SIGKILL)),
    Kill(0.74, "kill -9 a web worker", kill_a_web_worker),
    Kill(0.84, "kill -9 a web worker", kill_a_web_worker),
)
