"""Scoring what people said about gold, and telling the leads when the gold itself looks wrong."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Task
from evalhub.campaigns.queries import criteria_of
from evalhub.gold.choices import AppealState
from evalhub.gold.models import GoldVerdict
from evalhub.gold.people import leads_of
from evalhub.gold.queries import rule_of
from evalhub.gold.rule import Check, checks_of
from evalhub.judgments.models import ExpertAnswer, Judgment, undo_ended
from evalhub.judgments.services.gold import doubt_gold
from evalhub.judgments.sheet import fields_from
from evalhub.judgments.told import answers_in_order
from evalhub.notifications.services import notify

OTHERS_ENOUGH = 5  # other gold that says whether somebody does well
DOES_WELL = 0.8  # of it passed
MOST_WRONG = 2  # who do well and fail the same gold: then the gold is in doubt


def judge_gold(*, judgment: UUID) -> GoldVerdict | None:
    """Score a judgment that counts now, if it is somebody's first word on gold. Safe to call twice."""
    row = Judgment.objects.select_related("task").filter(uid=judgment).first()
    if row is None or row.task.kind != TaskKind.GOLD:
        return None
    answer = ExpertAnswer.objects.filter(task=row.task_id, withdrawn_at=None).first()
    measured = measured_by(row.task)
    if answer is None or not measured.filter(pk=row.pk).exists():
        return None
    verdict = _judge(row, answer)
    if verdict is not None and not verdict.passed:
        alarm_if_doubtful(task=row.task)
    return verdict


@transaction.atomic
def judge_again(*, task: UUID) -> int:
    """Score all that was said about a gold by its rule of now; return how many verdicts there are."""
    row = Task.objects.select_for_update(no_key=True).get(uid=task)
    answer = ExpertAnswer.objects.filter(task=row, withdrawn_at=None).first()
    if answer is None or row.kind != TaskKind.GOLD:
        return 0
    scored = [
        verdict
        for judgment in measured_by(row).order_by("pk")
        if (verdict := _judge(judgment, answer)) is not None
    ]
    if not all(verdict.passed for verdict in scored):
        alarm_if_doubtful(task=row)
    return len(scored)


def alarm_if_doubtful(*, task: Task) -> bool:
    """Tell the leads, once, when people who do well on other gold fail this one.

    Two of them at least, and no fewer than half of those who do well and judged it.
    """
    here = dict(task.gold_verdicts.standing().values_list("member_id", "passed"))
    others = GoldVerdict.objects.standing().filter(member__in=here).exclude(task=task)
    rates = others.values("member").annotate(n=Count("pk"), good=Count("pk", filter=Q(passed=True)))
    good = rates.filter(n__gte=OTHERS_ENOUGH, good__gte=DOES_WELL * F("n"))
    passed = [here[member] for member in good.values_list("member", flat=True)]
    failed = passed.count(False)
    if failed < MOST_WRONG or 2 * failed < len(passed):
        return False
    with transaction.atomic():
        is_new = doubt_gold(task=task)
        if is_new:
            workspace = task.campaign.workspace
            path = reverse("gold:detail", args=[workspace.slug, task.expert_answer.uid])
            sentence = partial(_in_doubt, failed)
            notify(leads_of(workspace), topic="gold.doubted", sentence=sentence, path=path)
    return is_new


def _in_doubt(failed: int) -> str:
    told = _("%(n)s people who do well on other gold fail this one. It may be wrong.")
    return told % {"n": failed}


def measured_by(task: Task) -> QuerySet[Judgment]:
    """First words on it that count, of all but those whose own answer it is.

    Nor what an upheld appeal took out, should an expert answer the task anew.
    """
    first = Judgment.objects.standing(before=undo_ended()).filter(task=task, supersedes=None)
    own = ExpertAnswer.objects.filter(task=task).values_list("written_by", "source__member")
    experts = {key for row in own for key in row if key is not None}
    told = first.filter(assignment__isnull=False).exclude(member__in=experts)
    return told.exclude(gold_verdict__appeal__state=AppealState.UPHELD)


def checks_by(judgment: Judgment, answer: ExpertAnswer) -> list[Check]:
    """What counts of the judgment, by the gold's rule."""
    steps = judgment.campaign.preference_steps
    criteria = {each.slug: each for each in criteria_of(judgment.campaign.rubric_version_id)}
    said = fields_from(answers_in_order(judgment), preference_steps=steps)
    return checks_of(said, rule_of(answer, preference_steps=steps), criteria)


def _judge(judgment: Judgment, answer: ExpertAnswer) -> GoldVerdict | None:
    checks = checks_by(judgment, answer)
    if not checks:
        GoldVerdict.objects.filter(judgment=judgment, appeal=None).delete()
        return None
    found = {
        "task": judgment.task,
        "campaign": judgment.campaign,
        "member_id": judgment.member_id,
        "passed": all(check.passed for check in checks),
        "checks": [check.told() for check in checks],
        "withdrawn_at": None,
    }
    return GoldVerdict.objects.update_or_create(judgment=judgment, defaults=found)[0]
