"""The race itself, on an instance that runs."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evalhub.common.supervisor.instance import Up
from evalhub.demo.race.accounts import Figures, read_books, tally
from evalhub.demo.race.clients import Course, Habits, start_clients
from evalhub.demo.race.kills import SCHEDULE, Kill, Outage, let_go
from evalhub.demo.race.ledger import Ledger
from evalhub.demo.race.overdue import Overdue

ENDS_WITHIN = 90.0  # seconds for the last clients after the last judgment
LOOK_EVERY = 0.2


@dataclass(frozen=True)
class Outcome:
    figures: Figures
    surprises: Mapping[str, int]  # what happened besides and may not, and how often

    @property
    def is_clean(self) -> bool:
        return self.figures.faults == 0 and not self.surprises


def run_race(
    up: Up,
    course: Course,
    ledger: Ledger,
    *,
    seed: int,
    habits: Habits,
    schedule: Sequence[Kill] = SCHEDULE,
    say: Callable[[str], None] = lambda _told: None,
    look: Callable[[], None] = lambda: None,
) -> Outcome:
    """Let clients judge the whole course while `schedule` happens, then do the accounts.

    Args:
        say: called with what is about to be killed.
        look: called a few times a second, from this thread.
    """
    overdue, enough = Overdue(up), threading.Event()
    watch = threading.Thread(target=overdue.watch, args=[enough], daemon=True)
    watch.start()
    ledger.restart_patience()
    try:
        clients = start_clients(course, ledger, overdue, seed=seed, habits=habits)
        outages = _kill_by_schedule(up, ledger, schedule, say, look)
        if not ledger.reach(ledger.wanted, look):
            ledger.surprise(f"nothing moved any more at {ledger.judged:,} of {ledger.wanted:,}")
            ledger.stopped.set()
        _wait_for(clients, ledger, look)
    finally:
        ledger.stopped.set()
        enough.set()
        let_go(up)
    return _reckon(up, course, ledger, outages)


def _kill_by_schedule(
    up: Up,
    ledger: Ledger,
    schedule: Sequence[Kill],
    say: Callable[[str], None],
    look: Callable[[], None],
) -> list[Outage]:
    outages = []
    for kill in schedule:
        if not ledger.reach(int(kill.after * ledger.wanted), look):
            break
        if ledger.judged >= ledger.wanted:
            ledger.surprise(f"all was judged before it was time to {kill.told}")
        say(kill.told)
        try:
            outage = kill.act(up)
        except TimeoutError as problem:
            ledger.surprise(str(problem))
            break
        ledger.restart_patience()
        if outage is not None:
            outages.append(outage)
    return outages


def _wait_for(
    clients: Sequence[threading.Thread], ledger: Ledger, look: Callable[[], None]
) -> None:
    deadline = time.monotonic() + ENDS_WITHIN
    for each in clients:
        while each.is_alive() and time.monotonic() < deadline:
            each.join(LOOK_EVERY)
            look()
    if late := sum(each.is_alive() for each in clients):
        ledger.surprise(f"{late} clients never came to an end")


def _reckon(up: Up, course: Course, ledger: Ledger, outages: Sequence[Outage]) -> Outcome:
    with up.connect() as connection:
        books = read_books(
            connection,
            campaign=course.campaign,
            people=len(course.tokens),
            criteria=len(course.criteria),
        )
    if books.out_of_people:
        ledger.surprise(f"{books.out_of_people} tasks had nobody left to judge them")
    for failure in ledger.failures:
        if not any(each.explains(failure.sent, failure.answered) for each in outages):
            ledger.surprise(f"{failure.what}, with the database up")
    return Outcome(tally(ledger.acknowledged, ledger.late, books), Counter(ledger.surprises))
