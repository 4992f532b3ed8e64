"""Nothing lost, nothing twice, exactly k, whichever part dies while people work: a small race."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evalhub.common.supervisor.instance import Up
from evalhub.demo.race.accounts import Figures
from evalhub.demo.race.clients import UNSTEADY
from evalhub.demo.race.kills import SCHEDULE
from evalhub.demo.race.ledger import Ledger
from evalhub.demo.race.race import run_race
from tests.kills.conftest import Seeded
from tests.kills.imports import all_arrived, start_import

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]

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
