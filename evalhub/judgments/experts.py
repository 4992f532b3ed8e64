"""Tasks that an expert has answered: practice, and gold."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.body import Answers
from evalhub.judgments.checks import findings_of
from evalhub.judgments.models import ExpertAnswer
from evalhub.judgments.queries import material_of_task, question_of


def check_answers(task: Task, answers: Answers) -> None:
    """Raise InvalidJudgment unless `answers`, in the task's own order, fit the task."""
    findings_of(answers, question_of(task), lambda: material_of_task(task))


def practice_of(campaign: Campaign, number: int) -> tuple[ExpertAnswer | None, int]:
    """The campaign's practice task `number`, from 1, and how many there are."""
    rows = ExpertAnswer.objects.filter(task__campaign=campaign, task__kind=TaskKind.PRACTICE)
    found = rows.select_related("task__prompt", "task__campaign__rubric_version")
    found = found.order_by("pk")
    return found[number - 1 : number].first() if number > 0 else None, rows.count()


def next_without_expert(campaign: Campaign) -> Task | None:
    """The first task that no expert has answered, neither as gold nor as practice."""
    practice = Task.objects.filter(
        campaign=campaign, kind=TaskKind.PRACTICE, prompt=OuterRef("prompt")
    )
    tasks = Task.objects.filter(
        campaign=campaign, kind=TaskKind.NORMAL, expert_answer__isnull=True
    ).filter(~Exists(practice))
    found = tasks.select_related("prompt", "campaign__rubric_version", "campaign__guidelines")
    return found.order_by("pk").first()
