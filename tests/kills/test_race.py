"""Nothing lost, nothing twice, exactly k, whichever part dies while people work: a small race."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psutil
import pytest

from evalhub.common.embedded.children import wait_until
from evalhub.common.supervisor.instance import Up
from evalhub.demo.race.accounts import Figures
from evalhub.demo.race.clients import STEADY, UNSTEADY
from evalhub.demo.race.kills import SCHEDULE, Kill, hang_the_broker
from evalhub.demo.race.ledger import Ledger
from evalhub.demo.race.race import run_race
from tests.kills.conftest import Seeded
from tests.kills.imports import all_arrived, start_import

pytestmark = pytest.mark.slow

CLIENTS, TASKS, OVERLAP = 24, 80, 3


def clean(judgments: int) -> Figures:
    return Figures(judgments, judgments, lost=0, duplicated=0, over_collected=0, starved=0)


def test_a_race_in_which_everything_is_killed_with_imports_under_way(
    up: Up, seed: Callable[..., Seeded]
) -> None:
    seeded = seed(tasks=TASKS, annotators=CLIENTS, overlap=OVERLAP, hand=UNSTEADY.hand)
    imports, told = [], []

    def before(kill: str) -> None:
        told.append(kill)
        if "the database" in kill:
            imports.append(start_import(up, seeded, f"while-it-dies-{len(imports)}"))

    ledger = Ledger(wanted=TASKS * OVERLAP)
    outcome = run_race(up, seeded.course, ledger, seed=1, habits=UNSTEADY, say=before)

    assert (outcome.figures, outcome.surprises) == (clean(TASKS * OVERLAP), {})
    assert told == [kill.told for kill in SCHEDULE]
    assert all(ledger.counts[what] for what in ("late", "doubled", "skipped", "bursts"))
    all_arrived(up, seeded, imports)


def test_a_race_that_is_cancelled_lets_its_clients_and_the_broker_go(
    up: Up, seed: Callable[..., Seeded]
) -> None:
    seeded = seed(tasks=TASKS)
    ledger = Ledger(wanted=TASKS * OVERLAP)
    hanging = [Kill(0.1, "the broker hangs", hang_the_broker)]

    def cancel() -> None:
        if ledger.share > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_race(up, seeded.course, ledger, seed=1, habits=STEADY, schedule=hanging, look=cancel)

    assert wait_until(lambda: not racing(), seconds=30)
    assert ledger.judged < ledger.wanted
    broker = psutil.Process(up.started("broker").pid)
    assert broker.status() != psutil.STATUS_STOPPED


def racing() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("racer-")]
