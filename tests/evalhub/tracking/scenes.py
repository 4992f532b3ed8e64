"""A run with fifty steps of figures, and texts that must stay in the house."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from evalhub.accounts.models import Workspace
from evalhub.jobs import jobs
from evalhub.jobs.models import Job
from evalhub.runs.models import Run, RunEvent
from evalhub.tracking.choices import Service
from evalhub.tracking.models import Track, Tracker
from evalhub.tracking.services import send_run, set_tracker
from tests import factories

SAID = "what-only-people-said"
STEPS = [(step, 1.0 / step) for step in range(1, 51)]


def run_with_figures(workspace: Workspace, **options: Any) -> Run:
    run = factories.RunFactory.create(
        workspace=workspace,
        recipe="sft",
        job__state="succeeded",
        job__ended_at=timezone.now(),
        job__title=SAID,
        metrics={"eval_loss": 0.25},
        tags=["keep"],
        spec={"recipe": "sft", "seed": 3, "options": {"learning_rate": 0.0003, "allow_dropped": SAID} | options,
              "inputs": {"train": {"key": SAID, "sha256": "ab" * 32}}},
        job__attempt=1,
    )  # fmt: skip
    tell(run, 1, STEPS)
    RunEvent.objects.create(
        run=run, attempt=1, n=9_999, at=timezone.now(), kind="sample",
        body={"step": 5, "prompt": SAID, "content": SAID, "loss": 9.0},
    )  # fmt: skip
    return run


def tell(run: Run, attempt: int, steps: list[tuple[int, float]], name: str = "loss") -> None:
    first = RunEvent.objects.filter(run=run, attempt=attempt).count() + 1
    for n, (step, value) in enumerate(steps, start=first):
        body = {"step": step, name: value, "phase": SAID}
        RunEvent.objects.create(run=run, attempt=attempt, n=n, at=timezone.now(), kind="metrics", body=body)  # fmt: skip


def tracker(workspace: Workspace, service: str, **values: Any) -> Tracker:
    return set_tracker(workspace=workspace, service=Service(service), project="evalhub", **values)


def sent(run: Run, to: Tracker) -> Track:
    """After the job that sends has been done, well or not."""
    jobs.execute(send_run(run=run, tracker=to).uid)
    return Track.objects.get(run=run, tracker=to)


def last_job() -> Job:
    return Job.objects.filter(kind="tracking.send").latest("pk")
