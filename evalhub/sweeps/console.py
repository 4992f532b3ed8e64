"""A sweep seen from a command. It moves the sweep on by itself; without a live worker it also does the tries."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from evalhub.jobs import jobs
from evalhub.jobs.choices import JobState, Queue
from evalhub.jobs.workers import live_workers
from evalhub.sweeps.access import sweeps
from evalhub.sweeps.models import Sweep, Try
from evalhub.sweeps.queries import headline, tries_with_models
from evalhub.sweeps.turning import advance

LOOK_EVERY = 0.5  # seconds


def watch(sweep: Sweep) -> Sweep:
    """Show each try until the sweep has ended."""
    with _bars() as bars:
        whole = bars.add_task(str(sweep), total=sweep.most_tries, note="")
        rows: dict[int, TaskID] = {}
        while True:
            advance(sweep.pk)
            sweep = sweeps().get(pk=sweep.pk)
            tries = tries_with_models(sweep)
            for try_ in tries:
                _show(bars, rows, sweep, try_)
            done = sum(try_.run.job.is_ended for try_ in tries)
            bars.update(whole, completed=done, total=sweep.most_tries, note=headline(sweep, tries))
            if not sweep.is_running:
                return sweep
            _one_step(tries)


def _one_step(tries: list[Try]) -> None:
    """One with a label waits for a worker that offers it: this process offers none."""
    queued = [try_.run.job for try_ in tries if try_.run.job.state == JobState.QUEUED]
    waiting = [job for job in queued if not job.label]
    if waiting and not live_workers(Queue.GPU, of=waiting[0].workspace):
        jobs.execute(waiting[0].uid)
    else:
        time.sleep(LOOK_EVERY)  # pace of looking, not a wait for something to be true


def _show(bars: Progress, rows: dict[int, TaskID], sweep: Sweep, try_: Try) -> None:
    job = try_.run.job
    if try_.number not in rows:
        told = ", ".join(f"{name} {value}" for name, value in try_.values.items())
        rows[try_.number] = bars.add_task(f"  {try_.number}: {told}", total=None, note="")
    row = rows[try_.number]
    if job.is_ended:
        figure = try_.figure(sweep.objective)
        told = try_.state if figure is None else f"{sweep.objective} {figure:.4g}"
        bars.update(row, completed=1, total=1, note=told)
    else:
        bars.update(row, completed=job.done, total=job.total or None, note=job.note or job.state)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
    )
