"""What a client of the race may not be told is a surprise, and a surprise spoils the race."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from evalhub.common.embedded.places import DataDirectory
from evalhub.common.supervisor.instance import Up
from evalhub.demo.race.accounts import Figures
from evalhub.demo.race.caller import Answer, Caller, Stopped
from evalhub.demo.race.clients import STEADY, Client, Course, Habits
from evalhub.demo.race.ledger import NO_PROGRESS, Ledger
from evalhub.demo.race.overdue import Lent, Overdue
from evalhub.demo.race.race import Outcome

LEASE = {"assignment": "a1", "token": 1}
CLAIMED = Answer(200, LEASE)
STORED = Answer(201, {"judgment": "j1", "next": None})
LOST = Answer(409, {"code": "lease_lost"})
BACK = Answer(200, {"judgment": "j1", "assignment": "a1", "token": 2})
AGAIN = Answer(201, {"judgment": "j2", "next": None})
STALLING = Habits(hand=1, submit=0, stall=1)
UNDOING = Habits(hand=1, submit=0, undo=1)


class NullCaller(Caller):
    """Answers what it was given, in turn, and is stopped after it."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(port=0, token="")
        self.answers = list(answers)

    def post(self, path: str, body: object) -> Answer:
        if not self.answers:
            raise Stopped
        return self.answers.pop(0)


class EagerOverdue(Overdue):
    """Time is over as soon as somebody asks for it, and the reaper has been there."""

    def let_run_out(self, lent: Lent) -> None:
        self.expired.add(lent)
        self.returned.add(lent)


def after_work(*answers: Answer, habits: Habits = STEADY) -> Ledger:
    """The ledger when a client was told `answers` and one judgment was wanted."""
    ledger = Ledger(wanted=1)
    overdue = EagerOverdue(Up(DataDirectory(Path("/nowhere")), port=0))
    Client(
        Course("c1", ["tone"], [""]), ledger, overdue, habits, NullCaller(*answers), Random(1)
    ).work()
    return ledger


def test_a_judgment_is_known_by_its_submission_and_its_uid() -> None:
    ledger = after_work(CLAIMED, STORED)
    assert (list(ledger.acknowledged.values()), ledger.surprises) == ([{"j1"}], [])


def test_work_that_came_too_late_is_not_submitted_but_kept() -> None:
    ledger = after_work(CLAIMED, LOST, habits=STALLING)
    assert (ledger.acknowledged, list(ledger.late), ledger.surprises) == ({}, ["a1"], [])


def test_of_what_was_withdrawn_only_the_second_word_counts() -> None:
    ledger = after_work(CLAIMED, STORED, BACK, AGAIN, habits=UNDOING)
    assert (list(ledger.acknowledged.values()), ledger.surprises) == ([{"j2"}], [])


def test_what_it_is_too_late_to_withdraw_counts() -> None:
    ledger = after_work(
        CLAIMED, STORED, Answer(409, {"code": "too_late_to_withdraw"}), habits=UNDOING
    )
    assert (list(ledger.acknowledged.values()), ledger.surprises) == ([{"j1"}], [])


@pytest.mark.parametrize(
    ("answers", "habits"),
    [
        ([Answer(404, {"code": "not_found"})], STEADY),
        ([CLAIMED, LOST], STEADY),
        ([CLAIMED, STORED], STALLING),
        ([CLAIMED, Answer(200, LEASE | {"token": 2})], Habits(hand=1, submit=0, reload=1)),
        ([CLAIMED, Answer(409, {"code": "lease_lost"})], Habits(hand=1, submit=0, skip=1)),
        ([CLAIMED, STORED, Answer(200, {"assignment": "a1", "token": 1})], UNDOING),
        ([CLAIMED, STORED, BACK, LOST], UNDOING),
    ],
    ids=["a claim refused", "a lease lost", "late work counted", "a lease lent anew", "a skip refused",
         "a withdrawal without a new token", "the second word refused"],
)  # fmt: skip
def test_what_may_not_be_told_is_a_surprise(answers: list[Answer], habits: Habits) -> None:
    ledger = after_work(*answers, habits=habits)
    assert len(ledger.surprises) == 1
    assert "Unexpected" in ledger.surprises[0]


def test_a_surprise_spoils_a_race_whose_figures_are_clean() -> None:
    figures = Figures(1, 1, 0, 0, 0, 0)
    assert Outcome(figures, {}).is_clean
    assert not Outcome(figures, {"500 to submit, with the database up": 1}).is_clean
    assert not Outcome(replace(figures, starved=1), {}).is_clean


def test_a_standstill_ends_the_wait_for_progress() -> None:
    ledger = Ledger(wanted=2, moved=time.monotonic() - NO_PROGRESS - 1)
    assert not ledger.reach(1, lambda: None)
    ledger.acknowledge("s1", "j1", "a1")
    assert ledger.reach(1, lambda: None)
