"""The race on a terminal: counters that run, a line for each kill, and the figures at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from evalhub.demo.race.ledger import Ledger
from evalhub.demo.race.race import Outcome

COUNTED = (
    "prefetched", "reloaded", "skipped", "released", "doubled", "bursts", "stalled", "late",
    "undone",
)  # fmt: skip


class Shown:
    def __init__(self, console: Console, ledger: Ledger, progress: Progress) -> None:
        self.console, self.ledger, self.progress = console, ledger, progress
        self.began = time.monotonic()
        self.row = progress.add_task("", total=ledger.wanted, counted="")

    def say(self, told: str) -> None:
        """A line that stays."""
        elapsed = time.monotonic() - self.began
        self.console.print(f"{elapsed:6.1f} s  {self.ledger.judged:6,} judged  {told}")
        self.progress.update(self.row, description=told)

    def look(self) -> None:
        counts = self.ledger.counts
        counted = ", ".join(f"{counts[what]:,} {what}" for what in COUNTED if counts[what])
        self.progress.update(self.row, completed=self.ledger.judged, counted=counted)


@contextmanager
def shown(console: Console, ledger: Ledger) -> Iterator[Shown]:
    with Progress(
        SpinnerColumn(),
        TimeElapsedColumn(),
        BarColumn(20),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} judged"),
        TextColumn("{task.fields[counted]}"),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    ) as progress:
        yield Shown(console, ledger, progress)


def show_outcome(console: Console, ledger: Ledger, outcome: Outcome) -> None:
    counts = ledger.counts
    done = ", ".join(f"{counts[what]:,} {what}" for what in COUNTED)
    failed = len(ledger.failures)
    console.print(
        f"On the way: {counts['requests']:,} requests, {failed:,} answered 5xx, {done}; the slowest "
        f"answer took {ledger.slowest:.0f} s with all its tries.",
        soft_wrap=True,
    )
    table = Table(*outcome.figures.as_dict())
    table.add_row(*(f"{figure:,}" for figure in outcome.figures.as_dict().values()))
    console.print(table)
    for what, times in sorted(outcome.surprises.items()):
        console.print(f"{times:,} times: {what}", markup=False)
