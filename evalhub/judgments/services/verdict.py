from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Task
from evalhub.jobs.events import announce
from evalhub.judgments.body import Answers
from evalhub.judgments.checks import findings_of
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment
from evalhub.judgments.queries import material_of_task, question_of
from evalhub.judgments.services.answers import store_answers


@transaction.atomic
def store_verdict(*, task: Task, answers: Answers, by: Member) -> Judgment:
    """Decide a task: a judgment beside those of the k people, in the place of an earlier verdict.

    Args:
        answers: as in a submit, A being the task's first completion.

    Raises:
        InvalidJudgment: the answers do not fit the task or the rubric.
    """
    Task.objects.select_for_update(no_key=True).get(pk=task.pk)  # of two at once, the later counts
    findings = findings_of(answers, question_of(task), lambda: material_of_task(task))
    campaign = task.campaign
    verdict = Judgment.objects.create(
        workspace_id=campaign.workspace_id,
        campaign=campaign,
        task=task,
        member=by,
        source=Source.HUMAN,
        active_ms=answers.active_ms,
        critique=answers.critique,
        supersedes=Judgment.objects.verdicts().filter(task=task).first(),
        is_verdict=True,
        judged_at=timezone.now(),
    )
    store_answers(verdict, findings)
    announce("judgment.counted", verdict.uid)
    return verdict
