"""The noop recipe from the service to the stored result; each test starts a real trainer."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import psutil
import pytest

from evalhub.accounts.models import Member
from evalhub.common.files import file_store
from evalhub.jobs import jobs, workers
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job, News
from evalhub.jobs.services import cancel_job, pause_job
from evalhub.runs.errors import BadSpec
from evalhub.runs.folder import run_dir
from evalhub.runs.following import Follower
from evalhub.runs.inputs import FileRef, read_rows, store_rows
from evalhub.runs.models import Run
from evalhub.runs.pausing import pause_run, resume_run
from evalhub.runs.services import start_run
from evalhub.runs.trainer import LOG

pytestmark = pytest.mark.slow  # each starts a trainer

Meanwhile = Callable[[Run, Callable[[], object]], None]


def noop(erin: Member, **options: object) -> Run:
    return start_run(workspace=erin.workspace, recipe="noop", options=options, by=erin)


def carry_out(run: Run) -> Run:
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    run.job.refresh_from_db()
    return run


def log_of(run: Run) -> str:
    return file_store().open(run.artifacts[LOG]["key"]).read().decode()


def test_a_run_ends_with_its_metrics_artifacts_and_environment(erin: Member) -> None:
    run = carry_out(noop(erin, steps=3))

    assert run.job.state == JobState.SUCCEEDED
    assert run.metrics == {"steps": 3.0}
    assert list(read_rows(run.artifacts["noop.jsonl"]["key"])) == [{"steps": 3}]
    assert run.environment["seed"] == 0
    assert run.environment["code"]
    assert run.seconds is not None


def test_its_curve_is_stored_line_by_line(erin: Member) -> None:
    run = carry_out(noop(erin, steps=3))

    points = [event.body for event in run.events.filter(kind="metrics")]
    assert [point["step"] for point in points] == [1, 2, 3]
    assert points[1]["loss"] == 0.5


def test_the_end_of_a_run_is_news(erin: Member) -> None:
    run = carry_out(noop(erin, steps=1))

    assert News.objects.filter(topic="run.ended", subject_uid=run.uid).count() == 1


def test_what_a_person_can_fix_is_said_in_the_trainers_words(erin: Member) -> None:
    run = carry_out(noop(erin, fail="Row 7 has no prompt; give it one."))

    assert run.job.state == JobState.FAILED
    assert run.job.error == "Row 7 has no prompt; give it one."
    assert LOG in run.artifacts


def test_a_fault_of_ours_leaves_its_trace_in_the_log(erin: Member) -> None:
    run = carry_out(noop(erin, fail="internal"))

    assert "the log tells where" in run.job.error
    assert "RuntimeError" in log_of(run)


def test_a_trainer_that_is_killed_is_named_with_the_likely_cause(
    erin: Member, meanwhile: Meanwhile
) -> None:
    run = noop(erin, steps=1000, pause=0.1)
    meanwhile(run, lambda: os.kill(trainer_of(run), signal.SIGKILL))
    carry_out(run)

    assert run.job.state == JobState.FAILED
    assert run.job.error.startswith("The trainer was killed (9): probably out of memory.")


def test_a_person_can_cancel_it_and_no_trainer_is_left(erin: Member, meanwhile: Meanwhile) -> None:
    run = noop(erin, steps=1000, pause=0.1)
    seen: list[int] = []

    def cancel() -> None:
        seen.append(trainer_of(run))
        Job.objects.filter(pk=run.job.pk).update(cancel_requested_at=run.created_at)

    meanwhile(run, cancel)
    carry_out(run)

    assert run.job.state == JobState.CANCELLED
    assert not psutil.pid_exists(seen[0])


def test_a_worker_that_is_told_to_go_hands_the_run_back(
    erin: Member, going: threading.Event, meanwhile: Meanwhile
) -> None:
    run = noop(erin, steps=1000, pause=0.1)
    meanwhile(run, going.set)
    carry_out(run)

    assert run.job.state == JobState.QUEUED
    assert not run.metrics


def test_a_person_can_pause_it_and_it_goes_on_where_it_was(
    erin: Member, meanwhile: Meanwhile
) -> None:
    run = noop(erin, steps=20, pause=0.05)
    seen: list[int] = []

    def pause() -> None:
        seen.append(trainer_of(run))
        pause_job(job=run.job, by=erin)

    meanwhile(run, pause)
    carry_out(run)
    assert (run.job.state, run.job.is_paused) == (JobState.QUEUED, True)
    assert not psutil.pid_exists(seen[0])
    resume_run(run=run, by=erin)
    carry_out(run)

    assert (run.job.state, run.job.attempt) == (JobState.SUCCEEDED, 2)


def test_only_what_keeps_checkpoints_is_paused(erin: Member) -> None:
    with pytest.raises(BadSpec, match="begin anew"):
        pause_run(run=noop(erin), by=erin)


def test_a_worker_that_lost_its_lease_stops_the_trainer_and_writes_nothing(
    erin: Member, meanwhile: Meanwhile
) -> None:
    run = noop(erin, steps=1000, pause=0.1)

    def take_over() -> None:
        Job.objects.filter(pk=run.job.pk).update(attempt=7)

    meanwhile(run, take_over)
    carry_out(run)

    assert run.job.state == JobState.RUNNING
    assert run.job.attempt == 7
    assert not run.metrics
    assert run.artifacts == {}


def test_a_run_that_was_closed_is_not_done_again(erin: Member) -> None:
    """A worker killed between the run's end and the job's leaves a job to take back."""
    run = carry_out(noop(erin, steps=1))
    before = run.environment
    Job.objects.filter(pk=run.job.pk).update(state=JobState.QUEUED, ended_at=None)
    again = carry_out(run)

    assert again.job.state == JobState.SUCCEEDED
    assert again.environment == before
    assert not (run_dir(run) / "attempts" / "2").exists()


def test_an_input_that_was_changed_in_the_store_is_refused(erin: Member) -> None:
    stored = store_rows([{"id": "1"}])
    wrong = FileRef(stored.key, "0" * 64)
    run = start_run(workspace=erin.workspace, recipe="noop", inputs={"train": wrong}, by=erin)
    carry_out(run)

    assert run.job.state == JobState.FAILED
    assert "changed in the file store" in run.job.error


def test_the_trainer_sees_no_secret_of_ours(
    erin: Member, meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = noop(erin, steps=1000, pause=0.1)
    found: list[str] = []

    def look() -> None:
        found.extend(psutil.Process(trainer_of(run)).environ())
        cancel_job(job=run.job, by=erin)

    monkeypatch.setenv("EVALHUB_SECRET_KEY", "not for the trainer")
    meanwhile(run, look)
    carry_out(run)

    assert "EVALHUB_ATTEMPT" in found
    assert not {"EVALHUB_SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL"} & set(found)


@pytest.fixture
def going() -> Iterator[threading.Event]:
    yield workers.stopping
    workers.stopping.clear()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have something done as soon as the run's first metric is stored, between two beats."""

    def arrange(run: Run, act: Callable[[], object]) -> None:
        catch_up, done = Follower.catch_up, threading.Event()

        def and_then(follower: Follower) -> None:
            catch_up(follower)
            if not done.is_set() and run.events.exists():
                done.set()
                act()

        monkeypatch.setattr(Follower, "catch_up", and_then)

    return arrange


def trainer_of(run: Run) -> int:
    """The process that works in the run's directory."""
    for process in psutil.process_iter(["cmdline"]):
        if str(run_dir(run)) in (process.info["cmdline"] or []):
            return int(process.pid)
    raise AssertionError("no trainer works")
