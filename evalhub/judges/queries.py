from __future__ import annotations

from typing import Any
from uuid import UUID

from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign, Task
from evalhub.jobs.choices import ENDED
from evalhub.jobs.models import Job
from evalhub.judges.choices import KEEP
from evalhub.judges.models import Judge, JudgePrompt, Judging
from evalhub.judges.tallying import submission_of
from evalhub.judges.trusting import failings, latest_report, standing_acceptance
from evalhub.judges.wording import FORMAT
from evalhub.judgments.models import Judgment

APART = (TaskKind.REPEAT, TaskKind.PRACTICE, TaskKind.QUALIFICATION)


def tasks_for(prompt: JudgePrompt, campaign: Campaign) -> list[Task]:
    """What of a campaign the judge has not judged yet, told by that prompt: first what people judged.

    A task whose orders it answered differently is judged, also where that made no judgment: who asks
    until they agree picks by chance.
    """
    tasks = campaign.tasks.exclude(kind__in=APART).filter(
        prompt__in=campaign.workspace.prompts.in_use()
    )
    rows = list(tasks.select_related("prompt").order_by("pk"))
    mine = Judgment.objects.filter(member=prompt.judge.member_id, source="model")
    known = set(mine.values_list("submission_id", flat=True))
    counts = prompt.judgings.filter(source=campaign).exclude(ended_at=None)
    told = counts.values_list("counts", flat=True)
    undecided = {UUID(uid) for each in told for uid in each["undecided"]}
    judged = {task.uid for task in rows if submission_of(prompt.uid, task.uid) in known}
    left = [task for task in rows if task.uid not in judged | undecided]
    return sorted(left, key=lambda task: task.judged == 0)


def under_way(prompt: JudgePrompt, campaign: Campaign) -> bool:
    judgings = prompt.judgings.filter(source=campaign)
    return judgings.exclude(run__job__state__in=ENDED).exists()


def is_keeping(prompt: JudgePrompt, campaign: Campaign) -> bool:
    """Whether what an earlier judging had heard is still to be stored."""
    judgings = prompt.judgings.filter(source=campaign).values("uid")
    return Job.objects.unended().filter(kind=KEEP, subject_uid__in=judgings).exists()


def judgings_of(judge: Judge) -> list[Judging]:
    rows = Judging.objects.filter(prompt__judge=judge)
    return list(rows.select_related("prompt", "source", "campaign", "run__job"))


def judge_summary(judge: Judge) -> dict[str, Any]:
    """What the API and the command say of a judge."""
    prompt = newest_prompt(judge)
    report, accepted = latest_report(prompt), standing_acceptance(prompt)
    return {
        "judge": str(judge.uid),
        "name": judge.member.pseudonym,
        "member": str(judge.member.uid),
        "model": judge.model.name,
        "rubric": judge.rubric.slug,
        "prompt": {
            "number": prompt.number,
            "rubric_version": str(prompt.rubric_version.uid),
            "format": FORMAT,
            "digest": prompt.digest,
            "instructions": prompt.instructions,
        },
        "agreement": report.body if report else None,
        "accepted": accepted is not None,
        "bar": accepted.bar if accepted else None,
        "fails": failings(report.body, accepted.bar) if report and accepted else [],
        "judgings": [judging_summary(each) for each in judgings_of(judge)],
    }


def judging_summary(judging: Judging) -> dict[str, Any]:
    return {
        "judging": str(judging.uid),
        "prompt": judging.prompt.number,
        "campaign": str(judging.source.uid),
        "own_campaign": str(judging.campaign.uid),
        "run": str(judging.run.uid),
        "state": judging.run.job.state,
        "error": judging.run.job.error,
        "tasks": judging.tasks,
        "left": judging.left,
        "counts": _counts(judging),
        "cost": judging.run.metrics.get("cost"),
    }


def _counts(judging: Judging) -> dict[str, Any] | None:
    if judging.ended_at is None:
        return None
    return {**judging.counts, "undecided": len(judging.counts["undecided"])}


def newest_prompt(judge: Judge) -> JudgePrompt:
    prompts = judge.prompts.select_related("rubric_version__rubric", "judge__member")
    return prompts.order_by("-number")[0]
