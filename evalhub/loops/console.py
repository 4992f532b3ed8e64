"""A Round seen from a command."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from evalhub.jobs.choices import Queue
from evalhub.jobs.models import Job
from evalhub.jobs.workers import live_workers
from evalhub.loops.choices import RoundState, StepState
from evalhub.loops.errors import NoWorkers
from evalhub.loops.models import Round, Step

LOOK_EVERY = 0.5  # seconds


def demand_workers() -> None:
    """Raise NoWorkers when a Round would wait for ever."""
    missing = [queue.value for queue in Queue if not live_workers(queue)]
    if missing:
        raise NoWorkers(
            f"No live worker for the queue {' or '.join(missing)}, so waiting would never end. Start "
            "`manage.py up` in another terminal, or leave out --wait."
        )


def watch(round_: Round) -> Round:
    """Show each Step with the progress of its Job until the Round has ended."""
    with _bars() as bars:
        rows: dict[str, TaskID] = {}
        while True:
            round_.refresh_from_db()  # before its Steps, so that the last look shows how they ended
            for step in round_.steps.order_by("position"):
                if step.state != StepState.WAITING:
                    _show(bars, rows, step)
            if round_.state != RoundState.RUNNING:
                return round_
            time.sleep(LOOK_EVERY)  # pace of looking, not a wait for something to be true


def _show(bars: Progress, rows: dict[str, TaskID], step: Step) -> None:
    if step.kind not in rows:
        rows[step.kind] = bars.add_task(step.kind, total=None, note="")
    row = rows[step.kind]
    if step.state == StepState.RUNNING:
        job = Job.objects.unended().filter(uid__in=step.awaits).order_by("pk").first()
        if job is not None:
            note = job.note or job.state
            bars.update(row, completed=job.done, total=job.total or None, note=note)
    elif not bars.tasks[row].finished:
        bars.update(row, completed=1, total=1, note=step.error or step.state)


def _bars() -> Progress:
    return Progress(
        SpinnerColumn(finished_text="·"),
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
    )
