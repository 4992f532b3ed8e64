"""What a judge said was paid for: it is kept, however its run ends, and not asked for again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.jobs.errors import JobCancelled
from evalhub.jobs.jobs import deliver_waiting, execute, take, take_back_abandoned
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.judges.choices import KEEP
from evalhub.judges.errors import StillJudging
from evalhub.judges.models import Judge, Judging
from evalhub.judges.services import start_judging
from evalhub.judgments.models import Judgment
from evalhub.runs import execution
from evalhub.runs.errors import RunFailed
from evalhub.runs.folder import lay_out
from tests.evalhub.judges.scenes import (
    a_campaign,
    a_judge,
    judged,
    overall,
    prefers_good,
    replying,
    shown_first,
)
from tests.null_trainer import NullTrainer, rows_of
from training.contract import RunSpec
from training.ledger import Ledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(alice: Member) -> Campaign:
    return a_campaign(alice)


@pytest.fixture
def judge(campaign: Campaign, alice: Member) -> Judge:
    return a_judge(campaign, alice)


def answered(folder: Path, count: int, *, refused: int = 0) -> list[str]:
    """As a trainer writes down its first replies, the last `refused` of them as the server's; what was asked."""
    spec, ledger = RunSpec.read(folder), Ledger(folder)
    asked = rows_of(spec, folder, "prompts")[:count]
    for nth, row in enumerate(asked):
        is_refused = nth >= count - refused
        told = prefers_good(row["prompt"][-1]["content"])
        said = {"content": "", "finish": "refused", "why": "not allowed"} if is_refused else {"content": told, "finish": "stop"}  # fmt: skip
        ledger.add((row["id"], 0, 0), {"tokens": 3, **said})
    ledger.close()
    return [row["prompt"][-1]["content"] for row in asked]


def cut_off(
    monkeypatch: pytest.MonkeyPatch, count: int, error: Callable[[], BaseException], **more: int
) -> list[str]:
    """Runs end by `error` after so many replies; what was asked is listed."""
    asked: list[str] = []

    class Trainer(NullTrainer):
        def __init__(self, run_dir: Path, *, attempt: int, more: Any) -> None:
            self._folder = run_dir

        def exit_code(self, *, within: float) -> int:
            asked.extend(answered(self._folder, count, **more_of))
            raise error()

    more_of = more
    monkeypatch.setattr(execution, "Trainer", Trainer)
    return asked


@pytest.mark.parametrize(
    ("error", "state"),
    [(JobCancelled, "cancelled"), (lambda: RunFailed("The key was withdrawn."), "failed")],
)
def test_what_was_heard_before_the_end_is_judged_and_not_asked_again(
    judge: Judge,
    campaign: Campaign,
    monkeypatch: pytest.MonkeyPatch,
    error: Callable[[], BaseException],
    state: str,
) -> None:
    """Five of six replies: two pairs, and one order of the third, of which the next run asks the other alone."""
    heard = cut_off(monkeypatch, 5, error)
    first = judged(judge, campaign)
    assert first.run.job.state == state
    assert first.ended_at is not None
    counts = first.counts
    assert (counts["asked"], counts["unasked"], counts["judged"], counts["left_out"]) == (
        5,
        1,
        2,
        1,
    )
    assert Judgment.objects.filter(source="model").count() == 2

    asked = replying(monkeypatch, prefers_good)
    second = judged(judge, campaign)
    assert (second.tasks, len(asked)) == (1, 1)
    assert {shown_first(each) for each in heard} & {shown_first(each) for each in asked} == set()
    assert (second.counts["asked"], second.counts["judged"]) == (1, 1)
    assert second.counts["pairs"]["overall"]["both"] == 1
    assert Judgment.objects.filter(source="model").count() == 3


def test_an_order_that_was_left_counts_as_one_request(
    judge: Judge, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, 1, JobCancelled)
    judged(judge, campaign)
    asked = replying(monkeypatch, prefers_good)
    second = judged(judge, campaign, most_requests=3)
    assert (second.tasks, second.left, len(asked)) == (2, 1, 3)


def test_what_was_refused_is_counted_as_that(
    judge: Judge, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, 4, JobCancelled, refused=1)
    judging = judged(judge, campaign)
    assert judging.counts["unreadable"] == {"refused": 1}
    assert (judging.counts["judged"], judging.counts["left_out"]) == (1, 2)


def test_a_run_that_heard_nothing_stores_nothing(
    judge: Judge, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch, 0, JobCancelled)
    judging = judged(judge, campaign)
    assert (judging.ended_at, judging.counts) == (None, {})


def test_of_a_worker_that_died_another_keeps_what_it_had_heard(
    judge: Judge, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was cancelled when nobody worked on it any more, so no worker of its own could."""
    judging = dead(judge, campaign)
    deliver_waiting()
    keeping = Job.objects.get(kind=KEEP)
    with pytest.raises(StillJudging, match="is being stored"):
        start_judging(judge=judge, campaign=campaign, by=None)
    execute(keeping.uid)
    judging.refresh_from_db()
    assert (judging.counts["judged"], judging.counts["stored"]) == (2, 2)
    execute(keeping.uid)
    asked = replying(monkeypatch, lambda task: overall("A"))
    judged(judge, campaign)
    assert len(asked) == 2
    assert Judgment.objects.filter(source="model").count() == 3


def dead(judge: Judge, campaign: Campaign) -> Judging:
    """Four replies are on its disk, and its lease has run out."""
    judging = start_judging(judge=judge, campaign=campaign, by=None)
    job = take(judging.run.job.uid, owner="a worker that dies")
    assert job is not None
    judging.run.refresh_from_db()
    answered(lay_out(judging.run, lambda *_, **__: None), 4)
    cancel_job(job=job, by=None)
    Job.objects.filter(pk=job.pk).update(lease_expires_at=job.created_at)
    take_back_abandoned()
    return judging


def test_a_run_that_ends_well_or_never_began_leaves_nothing_to_keep(
    judge: Judge, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = start_judging(judge=judge, campaign=campaign, by=None)
    cancel_job(job=queued.run.job, by=None)
    replying(monkeypatch, prefers_good)
    judged(judge, campaign)
    deliver_waiting()
    assert not Job.objects.filter(kind=KEEP).exists()
