"""Folders of runs: gone from a machine's disk when nobody needs them, and not before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.common.files import file_store
from evalhub.jobs import jobs
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from evalhub.runs.folder import run_dir
from evalhub.runs.jobs import sweep_checkpoints
from evalhub.runs.models import Run
from evalhub.runs.services import start_run
from evalhub.runs.tidying import tidy_runs


def a_run(by: Member, state: JobState, *, days: int, stored: bool = True) -> Run:
    """One that came to `state` so many days ago; its log is in the file store, or on this disk alone."""
    run = start_run(workspace=by.workspace, recipe="noop", by=by)
    log = run_dir(run) / "attempts" / "1" / "log.txt"
    log.parent.mkdir(parents=True)
    log.write_text(f"of {run.uid}")
    if stored:
        kept = file_store().put(log)
        run.artifacts = {"log.txt": {"key": kept.key, "sha256": kept.sha256}}
        run.save()
    ended = timezone.now() - timedelta(days=days)
    is_over = state not in (JobState.QUEUED, JobState.RUNNING)
    Job.objects.filter(pk=run.job.pk).update(state=state, ended_at=ended if is_over else None)
    return run


def test_a_run_that_has_ended_and_is_stored_leaves_the_disk_after_a_week(erin: Member) -> None:
    done = a_run(erin, JobState.SUCCEEDED, days=8)
    fresh = a_run(erin, JobState.SUCCEEDED, days=6)
    assert tidy_runs() == 1
    assert not run_dir(done).exists()
    assert run_dir(fresh).is_dir()


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_run_that_may_go_on_keeps_its_folder(state: JobState, erin: Member) -> None:
    """A paused run waits in the queue, however long."""
    run = a_run(erin, JobState.QUEUED, days=400)
    Job.objects.filter(pk=run.job.pk).update(
        created_at=timezone.now() - timedelta(days=400),
        paused_at=timezone.now() if state == JobState.QUEUED else None,
    )
    if state == JobState.RUNNING:
        assert jobs.take(run.job.uid) is not None
    assert tidy_runs() == 0
    assert run_dir(run).is_dir()


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_what_lies_here_alone_stays_for_a_month(state: JobState, erin: Member) -> None:
    run = a_run(erin, state, days=29, stored=False)
    sweep_checkpoints()
    assert run_dir(run).is_dir()
    Job.objects.filter(pk=run.job.pk).update(ended_at=timezone.now() - timedelta(days=31))
    sweep_checkpoints()
    assert not run_dir(run).exists()


@pytest.mark.parametrize("days", [8, 31])
def test_what_the_file_store_has_lost_is_not_taken_for_stored(days: int, erin: Member) -> None:
    run = a_run(erin, JobState.SUCCEEDED, days=days)
    file_store().erase(run.artifacts["log.txt"]["key"])
    assert tidy_runs() == 0
    assert run_dir(run).is_dir()


def test_replies_that_were_kept_do_not_stand_for_the_log(erin: Member) -> None:
    run = a_run(erin, JobState.CANCELLED, days=8)
    run.artifacts = {"answered": run.artifacts["log.txt"]}
    run.save()
    assert tidy_runs() == 0
    assert run_dir(run).is_dir()


def test_a_file_store_that_refuses_spoils_neither_a_run_nor_the_rest(
    erin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, done = (a_run(erin, JobState.SUCCEEDED, days=8) for _ in range(2))
    store, key = type(file_store()), refused.artifacts["log.txt"]["key"]
    exists = store.exists

    def refusing(self: Any, asked: str) -> bool:
        if asked == key:
            raise PermissionError("403")
        return exists(self, asked)

    monkeypatch.setattr(store, "exists", refusing)
    assert tidy_runs() == 1
    assert run_dir(refused).is_dir()
    assert not run_dir(done).exists()


def test_what_is_no_run_of_this_database_is_left_alone(erin: Member) -> None:
    place = Path(settings.EVALHUB_DATA_DIR) / "runs"
    others = [place / "notes", place / "00000000-0000-0000-0000-000000000000"]
    for each in others:
        each.mkdir(parents=True)
    a_run(erin, JobState.SUCCEEDED, days=8)
    assert tidy_runs() == 1
    assert all(each.is_dir() for each in others)
