from __future__ import annotations

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Task
from evalhub.campaigns.services.gold import make_gold
from evalhub.campaigns.services.tasks import copy_for_practice
from evalhub.jobs.events import announce
from evalhub.judgments.body import Answers
from evalhub.judgments.errors import UnfitExpertAnswer
from evalhub.judgments.experts import check_answers
from evalhub.judgments.models import ExpertAnswer, Judgment
from evalhub.judgments.told import answers_in_order

KINDS = (TaskKind.PRACTICE, TaskKind.GOLD)


@transaction.atomic
def set_expert_answer(
    *,
    task: Task,
    answers: Answers,
    reason: str,
    kind: str,
    by: Member,
    source: Judgment | None = None,
) -> ExpertAnswer:
    """Say what an expert answers to `task`, and why; a second time replaces the first.

    Practice makes a copy of the task that nobody claims, so the task itself stays in the data.
    Gold is the task itself: people judge it like any other.

    Args:
        answers: as in a submit, A being the task's first completion.
        source: the judgment that they come from, if they do.

    Raises:
        UnfitExpertAnswer: neither practice nor gold, or the task is the other one already.
        InvalidJudgment: the answers do not fit the task.
    """
    if kind not in KINDS:
        raise UnfitExpertAnswer(_("Choose practice or gold."), field="kind")
    if task.kind not in (kind, TaskKind.NORMAL):
        told = _("This task is %(kind)s already and stays it; choose another task.")
        raise UnfitExpertAnswer(told % {"kind": task.kind}, field="kind")
    check_answers(task, answers)
    target = make_gold(task=task) if kind == TaskKind.GOLD else copy_for_practice(task=task)
    told = msgspec.to_builtins(answers)
    del told["active_ms"]
    values = {"answers": told, "reason": reason.strip(), "written_by": by, "source": source}
    values |= {"doubted_at": None, "withdrawn_at": None}
    answer, _created = ExpertAnswer.objects.update_or_create(task=target, defaults=values)
    if kind == TaskKind.GOLD:
        announce("gold.changed", target.uid)
    record(
        "task.expert_answered",
        actor=by.pseudonym,
        workspace=task.campaign.workspace.slug,
        target=f"task {target.uid}",
        kind=str(kind),
    )
    return answer


def gold_from_judgment(*, judgment: Judgment, reason: str, by: Member) -> ExpertAnswer:
    """What this judgment says becomes the expert's answer to its task, which is gold from now on.

    Raises:
        UnfitExpertAnswer: the task is practice, or the judgment cannot be an expert's answer.
        InvalidJudgment: it does not answer all that is asked by now.
    """
    try:
        answers = msgspec.convert(answers_in_order(judgment), Answers)
    except msgspec.ValidationError as error:
        raise UnfitExpertAnswer(_("This judgment cannot be an expert’s answer.")) from error
    return set_expert_answer(
        task=judgment.task,
        answers=answers,
        reason=reason,
        kind=TaskKind.GOLD,
        by=by,
        source=judgment,
    )
