"""What may be spent is counted before it is sent, on disk, so that no kill gives anything back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from training.backends.budget import Budget
from training.contract import RunSpec
from training.ledger import NAME, Ledger

MILLION = 1_000_000


Opened = Callable[[], Ledger]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """The ledger of one run, as each attempt opens it; an earlier one never closed it."""
    (tmp_path / RunSpec.FILE).write_text("{}", "utf-8")
    with ExitStack() as end:

        def open_it() -> Ledger:
            ledger = Ledger(tmp_path)
            end.callback(ledger.close)
            return ledger

        yield open_it


def budget(ledger: Ledger, *, requests: int = 0, cost: float = 0.0) -> Budget:
    """An answer has a token at most and costs 1."""
    return Budget(ledger, requests=requests, cost=cost, prices=[0.0, MILLION], most_tokens=1)


def key(nth: int) -> tuple[str, int, int]:
    return f"p{nth}", 0, 0


def test_what_a_killed_attempt_had_under_way_is_spent(opened: Opened, tmp_path: Path) -> None:
    """Two of five requests are sent, one is answered and costs nothing; then the process is gone."""
    first = budget(opened(), requests=5, cost=3.0)
    assert first.takes(key(0), "x")
    assert first.takes(key(1), "x")
    first.settle(key(0), 0, 0)
    with (tmp_path / NAME).open("ab") as stream:
        stream.write(b'{"spent": [1, 1')  # and half a line was written
    ledger = opened()
    assert (ledger.requests, ledger.cost) == (2, 1.0)
    again = budget(ledger, requests=5, cost=3.0)
    assert [again.takes(key(nth), "x") for nth in (1, 2, 3)] == [True, True, False]
    assert (ledger.requests, ledger.cost) == (4, 3.0)


def test_a_checkpoint_tells_another_machine_what_is_spent(opened: Opened, tmp_path: Path) -> None:
    ledger = opened()
    assert budget(ledger, requests=1).takes(key(0), "x")
    ledger.publish()
    (tmp_path / NAME).unlink()
    assert not budget(opened(), requests=1).takes(key(1), "x")


def test_trying_again_is_paid_twice_only_where_an_answer_may_be_lost(opened: Opened) -> None:
    ledger = opened()
    spent = budget(ledger, cost=2.0)
    assert spent.takes(key(0), "x")
    assert spent.takes_again(key(0), is_lost=False)
    assert (ledger.requests, ledger.cost) == (2, 1.0)
    assert spent.takes_again(key(0), is_lost=True)
    assert (ledger.requests, ledger.cost) == (3, 2.0)
    assert not spent.takes_again(key(0), is_lost=True)
    spent.settle(key(0), 0, 0)
    assert ledger.cost == 2.0, "both may have been answered, and nobody heard it"


def test_what_was_not_counted_costs_what_it_could_and_no_bound_is_none(opened: Opened) -> None:
    ledger = opened()
    free = budget(ledger)
    for nth, tokens in enumerate((None, 1, 0)):
        assert free.takes(key(nth), "x")
        free.settle(key(nth), 0, tokens)
    assert (ledger.requests, ledger.cost) == (3, 2.0)
