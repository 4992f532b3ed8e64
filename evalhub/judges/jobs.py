from __future__ import annotations

from typing import Any

from django.utils import timezone

from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.judges.models import JudgePrompt, JudgeReport, Judging
from evalhub.judges.tallying import tally
from evalhub.judgments.services.modelled import record_modelled
from evalhub.runs.execution import execute_run


def judge(job: Job, beat: Beat) -> dict[str, Any]:
    """Ask the model, store what could be read, each judgment once, and measure how far people agree."""
    run = execute_run(job, beat)
    judgings = Judging.objects.select_related(
        "prompt__judge__member", "prompt__rubric_version", "source", "campaign", "run"
    )
    judging = judgings.get(run=run)
    if judging.ended_at is None:
        beat.report(note="reading the replies")
        found = tally(judging, beat=beat.report)
        with beat.fenced():
            stored = record_modelled(
                campaign=judging.campaign,
                member=judging.prompt.judge.member,
                rows=found.judgments,
            )
            judging.counts = found.as_counts() | {"stored": stored}
            judging.ended_at = timezone.now()
            judging.save(update_fields=["counts", "ended_at"])
    if not judging.prompt.reports.filter(created_at__gte=judging.ended_at).exists():
        _report(judging.prompt, beat)
    return {"judging": str(judging.uid), "run": str(run.uid)}


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
