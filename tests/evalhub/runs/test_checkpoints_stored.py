"""Checkpoints in the file store: there to go on from, and gone afterwards without taking others along."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.common.files import file_store
from evalhub.jobs import jobs
from evalhub.jobs.beat import Beat
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from evalhub.runs.folder import drop_checkpoints, lay_out, run_dir
from evalhub.runs.following import Follower
from evalhub.runs.jobs import sweep_checkpoints
from evalhub.runs.models import Run
from evalhub.runs.services import start_run
from training.events import EventLog


def taken(erin: Member) -> tuple[Run, Follower, EventLog]:
    """A run under way, who follows it, and what its trainer writes to."""
    run = start_run(workspace=erin.workspace, recipe="noop", by=erin)
    job = jobs.take(run.job.uid)
    assert job is not None
    attempt = run_dir(run) / "attempts" / "1"
    attempt.mkdir(parents=True)
    return run, Follower(run, run_dir(run), attempt=1, beat=Beat(job)), EventLog(attempt)


def written(run: Run, events: EventLog, step: int, **files: str) -> None:
    path = f"checkpoints/step-{step:08d}"
    (run_dir(run) / path).mkdir(parents=True)
    for name, text in files.items():
        (run_dir(run) / path / name).write_text(text)
    events.write("checkpoint", step=step, path=path)


def test_another_machine_goes_on_from_the_newest(erin: Member) -> None:
    run, follower, events = taken(erin)
    for step in (1, 2, 3):
        written(run, events, step, adapter=f"of step {step}", config="of all")
        follower.catch_up()
    events.close()
    run.refresh_from_db()
    shutil.rmtree(run_dir(run))

    lay_out(run, lambda: None)
    fetched = run_dir(run) / "checkpoints" / "step-00000003"
    assert (fetched / "adapter").read_text() == "of step 3"
    assert (fetched / "config").read_text() == "of all"
    assert [each["name"] for each in run.checkpoints] == ["step-00000002", "step-00000003"]


def test_dropping_them_takes_nothing_that_others_hold(erin: Member, tmp_path: Path) -> None:
    run, follower, events = taken(erin)
    written(run, events, 1, adapter="the very same bytes")
    (tmp_path / "elsewhere").write_text("the very same bytes")
    other = file_store().put(tmp_path / "elsewhere")
    follower.catch_up()
    events.close()

    run.refresh_from_db()
    kept = run.checkpoints[0]["files"]["adapter"]["key"]
    drop_checkpoints(run)
    assert not file_store().exists(kept)
    assert file_store().exists(other.key)


def test_what_lies_among_everybodys_files_cannot_be_deleted(db: None, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("shared")
    key = file_store().put(tmp_path / "file").key
    with pytest.raises(ValueError, match="somebody else"):
        file_store().delete(key)
    assert file_store().exists(key)


def test_those_of_a_run_that_failed_are_kept_for_a_week(erin: Member) -> None:
    run, follower, events = taken(erin)
    written(run, events, 1, adapter="half learnt")
    follower.catch_up()
    events.close()
    run.refresh_from_db()
    key = run.checkpoints[0]["files"]["adapter"]["key"]
    ended = Job.objects.filter(pk=run.job.pk)

    sweep_checkpoints()  # it goes on
    ended.update(state=JobState.FAILED, ended_at=timezone.now() - timedelta(days=6))
    sweep_checkpoints()
    assert file_store().exists(key)
    ended.update(ended_at=timezone.now() - timedelta(days=8))
    sweep_checkpoints()

    run.refresh_from_db()
    assert not file_store().exists(key)
    assert run.checkpoints == []
