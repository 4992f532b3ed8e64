from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from evalhub.common.errors import DomainError
from evalhub.jobs.beat import Beat
from evalhub.jobs.choices import JobState
from evalhub.jobs.errors import JobCancelled
from evalhub.jobs.models import Job
from evalhub.judges.left_behind import keep_replies
from evalhub.judges.models import JudgePrompt, JudgeReport, Judging
from evalhub.judges.tallying import tally, was_asked
from evalhub.judgments.services.modelled import record_modelled
from evalhub.runs.execution import execute_run


def judge(job: Job, beat: Beat) -> dict[str, Any]:
    """Ask the model, store what could be read, each judgment once, and measure how far people agree.

    Where the asking is cancelled or fails, what was heard by then is stored all the same.
    """
    try:
        run = execute_run(job, beat)
    except (DomainError, JobCancelled, KeyboardInterrupt):
        _keep(_judgings().get(run__job=job), beat)
        raise
    judging = _judgings().get(run=run)
    if judging.ended_at is None:
        beat.report(note="reading the replies")
        _store(judging, beat, look=beat.report)
    if not judging.prompt.reports.filter(created_at__gte=judging.ended_at).exists():
        _report(judging.prompt, beat)
    return {"judging": str(judging.uid), "run": str(run.uid)}


def keep(job: Job, beat: Beat) -> dict[str, Any]:
    """Store what a judging had heard whose worker died before it could, and that nobody goes on with."""
    judging = _judgings().get(uid=job.payload["judging"])
    is_over = judging.run.job.is_ended and judging.run.job.state != JobState.SUCCEEDED
    if is_over and judging.ended_at is None:
        _keep(judging, beat)
    return {"judging": str(judging.uid), "stored": judging.counts.get("stored", 0)}


def _keep(judging: Judging, beat: Beat) -> None:
    """The job may have been told to stop, and this is what it has still to do: it listens no more."""
    if keep_replies(judging.run, _deaf) and was_asked(judging.run):
        _store(judging, beat, look=_deaf)


def _deaf(**_said: object) -> None:
    """Stands for a look at whether to stop."""


def _judgings() -> QuerySet[Judging]:
    return Judging.objects.select_related(
        "prompt__judge__member", "prompt__rubric_version", "source", "campaign", "run__job"
    )


def _store(judging: Judging, beat: Beat, *, look: Callable[[], object]) -> None:
    found = tally(judging, beat=look)
    with beat.fenced():
        stored = record_modelled(
            campaign=judging.campaign,
            member=judging.prompt.judge.member,
            rows=found.judgments,
        )
        judging.counts = found.as_counts() | {"stored": stored}
        judging.ended_at = timezone.now()
        judging.save(update_fields=["counts", "ended_at"])


def measure(job: Job, beat: Beat) -> dict[str, Any]:
    """Measure again how far a judge agrees with people: they may have judged more meanwhile."""
    if job.subject_uid is None:
        raise ValueError("a job of this kind names what a judge is told")
    prompt = JudgePrompt.objects.select_related("judge").get(uid=job.subject_uid)
    return {"report": str(_report(prompt, beat).uid)}


def _report(prompt: JudgePrompt, beat: Beat) -> JudgeReport:
    from evalhub.judges.agreement import agreement_report  # here: it brings scipy

    beat.report(note="comparing with people")
    body = agreement_report(prompt, beat=beat.report)
    with beat.fenced():
        return JudgeReport.objects.create(prompt=prompt, body=body)
