"""The life of a job: taken once, fenced, cancelled, taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from evalhub.audit.models import Entry
from evalhub.common.errors import DomainError
from evalhub.jobs import events, handlers, jobs
from evalhub.jobs.beat import Beat
from evalhub.jobs.choices import JobState
from evalhub.jobs.errors import JobEnded, JobPaused, JobReturned, LeaseLost, TooManyJobs
from evalhub.jobs.models import Job, News
from evalhub.jobs.services import MOST_WAITING, cancel_job, pause_job, queue_job, resume_job
from tests.factories import JobFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db

Act = Callable[[Job, Beat], dict[str, Any]]


@pytest.fixture
def handle() -> Iterator[Callable[[Act], None]]:
    """Let a test say what jobs of kind `tests.act` do."""
    chosen: list[Act] = []

    def act(job: Job, beat: Beat) -> dict[str, Any]:
        return chosen[0](job, beat)

    handlers.register("tests.act", act)
    yield chosen.append
    del handlers._handlers["tests.act"]


@pytest.fixture
def job() -> Job:
    return JobFactory.create(kind="tests.act")


def lose_the_lease(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_job_runs_once_and_keeps_its_result(job: Job, handle: Callable[[Act], None]) -> None:
    calls = []
    handle(lambda job, beat: {"calls": calls.append(job.pk) or len(calls)})
    jobs.execute(job.uid)
    jobs.execute(job.uid)  # the message came twice
    job.refresh_from_db()
    assert (job.state, job.result, calls) == (JobState.SUCCEEDED, {"calls": 1}, [job.pk])


def test_what_a_person_can_fix_is_told_apart_from_our_bugs(
    job: Job, handle: Callable[[Act], None]
) -> None:
    def refuse(job: Job, beat: Beat) -> dict[str, Any]:
        raise DomainError("Give the file a header.")

    handle(refuse)
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert (job.state, job.error, job.trace) == (JobState.FAILED, "Give the file a header.", "")


def test_a_bug_keeps_its_trace_for_us(job: Job, handle: Callable[[Act], None]) -> None:
    handle(lambda job, beat: {"x": 1 // 0})
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "ZeroDivisionError" in job.trace
    assert "ZeroDivisionError" not in job.error


def test_cancelling_a_waiting_job_ends_it_at_once(job: Job) -> None:
    cancel_job(job=job, by=None)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    with pytest.raises(JobEnded):
        cancel_job(job=job, by=None)


def test_cancelling_a_running_job_stops_it_at_its_next_report(
    job: Job, handle: Callable[[Act], None]
) -> None:
    after = []

    def work(job: Job, beat: Beat) -> dict[str, Any]:
        cancel_job(job=job, by=None)
        beat.report(done=1, total=2)
        after.append("went on")
        return {}

    handle(work)
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert (job.state, after) == (JobState.CANCELLED, [])


def test_a_paused_job_that_waits_is_taken_by_nobody_until_it_may_go_on(
    job: Job, handle: Callable[[Act], None]
) -> None:
    handle(lambda job, beat: {})
    pause_job(job=job, by=None)
    pause_job(job=job, by=None)  # once more changes nothing
    jobs.execute(job.uid)
    jobs.ring_again()
    job.refresh_from_db()
    assert (job.state, job.is_paused) == (JobState.QUEUED, True)

    resume_job(job=job, by=None)
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert (job.state, job.is_paused) == (JobState.SUCCEEDED, False)
    with pytest.raises(JobEnded):
        pause_job(job=job, by=None)
    assert Entry.objects.filter(verb__in=["job.paused", "job.resumed"]).count() == 2


def test_a_running_job_that_is_paused_is_given_back_and_may_store_what_it_goes_on_from(
    job: Job, handle: Callable[[Act], None]
) -> None:
    stored = []

    def work(job: Job, beat: Beat) -> dict[str, Any]:
        pause_job(job=job, by=None)
        try:
            beat.report(done=1, total=1)
        except JobPaused:
            beat.report(done=1, total=1)  # told once
            stored.append("a checkpoint")
            raise
        return {}

    handle(work)
    jobs.execute(job.uid)
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert (job.state, job.is_paused, job.attempt, stored) == (
        JobState.QUEUED,
        True,
        1,
        ["a checkpoint"],
    )


def test_a_paused_job_can_be_cancelled(job: Job) -> None:
    pause_job(job=job, by=None)
    cancel_job(job=job, by=None)
    job.refresh_from_db()
    assert (job.state, job.is_paused) == (JobState.CANCELLED, False)


def test_a_fenced_out_worker_writes_nothing(job: Job, handle: Callable[[Act], None]) -> None:
    def slow(job: Job, beat: Beat) -> dict[str, Any]:
        lose_the_lease(job)
        jobs.take_back_abandoned()
        second = jobs.take(job.uid)
        assert second is not None
        with pytest.raises(LeaseLost):
            beat.report(done=5, total=9)
        with pytest.raises(LeaseLost), beat.fenced():
            pytest.fail("wrote without a lease")
        return {"by": "the first"}

    handle(slow)
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert (job.state, job.attempt, job.result, job.done) == (JobState.RUNNING, 2, {}, 0)


def test_a_dead_workers_job_is_queued_again_and_fails_after_five(job: Job) -> None:
    for attempt in range(1, jobs.MOST_DEATHS + 1):
        taken = jobs.take(job.uid)
        assert taken is not None
        assert taken.attempt == attempt
        lose_the_lease(job)
        jobs.take_back_abandoned()
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "died 5 times" in job.error


def test_clean_restarts_are_no_deaths(job: Job, handle: Callable[[Act], None]) -> None:
    """Six deployments during a long run, and then one kill: it goes on."""

    def go(job: Job, beat: Beat) -> dict[str, Any]:
        raise JobReturned

    handle(go)
    for _ in range(6):
        jobs.execute(job.uid)
    jobs.take(job.uid)
    lose_the_lease(job)
    jobs.take_back_abandoned()
    job.refresh_from_db()
    assert (job.state, job.attempt, job.deaths) == (JobState.QUEUED, 7, 1)


def test_a_job_whose_database_went_away_is_done_by_the_next_attempt(
    job: Job, handle: Callable[[Act], None]
) -> None:
    attempts = []

    def act(job: Job, beat: Beat) -> dict[str, Any]:
        attempts.append(job.attempt)
        if len(attempts) == 1:
            raise OperationalError("the server closed the connection unexpectedly")
        return {"attempt": job.attempt}

    handle(act)
    jobs.execute(job.uid)
    lose_the_lease(job)
    jobs.take_back_abandoned()
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.SUCCEEDED, {"attempt": 2})


def test_a_dead_workers_cancelled_job_ends_cancelled(job: Job) -> None:
    jobs.take(job.uid)
    cancel_job(job=job, by=None)
    lose_the_lease(job)
    jobs.take_back_abandoned()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_a_job_handed_back_waits_for_the_next_worker(
    job: Job, handle: Callable[[Act], None]
) -> None:
    def go(job: Job, beat: Beat) -> dict[str, Any]:
        raise JobReturned

    handle(go)
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_a_bell_that_nobody_heard_is_rung_again(job: Job, settings: Any) -> None:
    settings.EVALHUB_RING_AGAIN_SECONDS = 10
    old = timezone.now() - timedelta(seconds=11)
    Job.objects.filter(pk=job.pk).update(rung_at=old)
    jobs.ring_again()
    job.refresh_from_db()
    assert job.rung_at > old


def test_a_workspace_cannot_flood_the_queue() -> None:
    workspace = WorkspaceFactory.create()
    JobFactory.create_batch(MOST_WAITING, workspace=workspace)
    with pytest.raises(TooManyJobs):
        queue_job(kind="tests.act", title="one more", workspace=workspace, by=None)


def test_news_reach_each_subscriber_once(job: Job) -> None:
    heard: list[str] = []

    def listen(news: News) -> None:
        heard.append(str(news.subject_uid))

    events.subscribe("tests.happened", listen)
    news = events.announce("tests.happened", job.uid, of="importance")
    jobs.deliver(news.pk)
    jobs.deliver(news.pk)
    assert heard == [str(job.uid)]
    events._subscribers.pop("tests.happened")


def test_news_that_could_not_be_delivered_are_tried_again(job: Job) -> None:
    broken = [True]

    def listen(news: News) -> None:
        if broken:
            raise RuntimeError("not now")

    events.subscribe("tests.happened", listen)
    news = events.announce("tests.happened", job.uid)
    jobs.deliver(news.pk)
    news.refresh_from_db()
    assert (news.delivered_at, news.tries) == (None, 1)
    broken.clear()
    jobs.deliver_waiting()
    news.refresh_from_db()
    assert news.delivered_at is not None
    events._subscribers.pop("tests.happened")


def test_news_that_nobody_wants_do_not_pile_up(job: Job) -> None:
    events.announce("tests.nobody", job.uid)
    jobs.deliver_waiting()
    assert not News.objects.filter(delivered_at=None).exists()


def test_the_end_of_a_job_is_announced(job: Job, handle: Callable[[Act], None]) -> None:
    handle(lambda job, beat: {})
    jobs.execute(job.uid)
    news = News.objects.get(topic="job.ended", subject_uid=job.uid)
    assert news.body["state"] == "succeeded"
