"""How an attempt for a qualification stands, after each of its judgments."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.services import add_qualification
from evalhub.campaigns.choices import AssignmentState, TaskKind
from evalhub.campaigns.models import Assignment, Task
from evalhub.campaigns.services.gold import take_back_copies
from evalhub.gold.choices import AppealState, AttemptState
from evalhub.gold.jobs.verdicts import checks_by
from evalhub.gold.models import Attempt, AttemptTask
from evalhub.judgments.models import ExpertAnswer, Judgment, undo_ended
from evalhub.notifications.services import Sentence, notify

GONE = (AssignmentState.SKIPPED, AssignmentState.EXTRA)


def score_judgment(*, judgment: UUID) -> Attempt | None:
    """Score a judgment that is part of an attempt; the last one ends it. Safe to call twice."""
    row = Judgment.objects.select_related("task").get(uid=judgment)
    if row.task.kind != TaskKind.QUALIFICATION:
        return None
    part = AttemptTask.objects.filter(task=row.task_id).first()
    return None if part is None else score_attempt(attempt=part.attempt_id)


def score_copies(*, task: UUID) -> None:
    """After a gold has another rule, or is withdrawn: nobody loses by it what they have."""
    keys = AttemptTask.objects.filter(gold__uid=task).values_list("attempt", flat=True)
    for key in sorted(set(keys)):
        score_attempt(attempt=key)


@transaction.atomic
def score_attempt(*, attempt: int, ends: bool = False) -> Attempt:
    """Count what passed; end the attempt when all is judged or skipped, or when it `ends` now.

    Nothing counts whose gold is withdrawn, nor what an upheld appeal took out, should an expert answer
    the task anew.
    """
    row = Attempt.objects.select_for_update(of=("self",), no_key=True).select_related(
        "qualification__campaign__workspace", "member"
    )
    found = row.get(pk=attempt)
    parts = list(found.tasks.order_by("pk"))
    golds = ExpertAnswer.objects.filter(task__in=[part.gold_id for part in parts])
    standing = {gold.task_id: gold for gold in golds.filter(withdrawn_at=None)}
    taken_out = set(
        found.tasks.filter(appeal__state=AppealState.UPHELD).values_list("pk", flat=True)
    )
    counted = [part for part in parts if part.gold_id in standing and part.pk not in taken_out]
    for part in counted:
        part.passed = _passed(part, standing[part.gold_id])
        part.save(update_fields=["passed"])
    found.asked, found.right = len(counted), sum(part.passed is True for part in counted)
    is_over = ends or found.state != AttemptState.UNDER_WAY or _is_over(counted)
    if is_over and found.state != AttemptState.PASSED:
        _end(found)
    found.save()
    return found


def _passed(part: AttemptTask, gold: ExpertAnswer) -> bool | None:
    """None: not judged. Saying nothing that counts passes no task of an exam."""
    first = Judgment.objects.standing(before=undo_ended()).filter(
        task=part.task_id, supersedes=None
    )
    judgment = first.order_by("pk").first()
    if judgment is None:
        return None
    checks = checks_by(judgment, gold)
    return bool(checks) and all(check.passed for check in checks)


def _is_over(parts: list[AttemptTask]) -> bool:
    open_ = [part.task_id for part in parts if part.passed is None]
    gone = Assignment.objects.filter(task__in=open_, state__in=GONE)
    return gone.values("task").distinct().count() == len(open_)


def _end(attempt: Attempt) -> None:
    qualification = attempt.qualification
    is_new = attempt.state == AttemptState.UNDER_WAY
    has_passed = bool(attempt.asked) and (
        100 * attempt.right >= qualification.pass_mark * attempt.asked
    )
    attempt.state = AttemptState.PASSED if has_passed else AttemptState.FAILED
    attempt.ended_at = attempt.ended_at or timezone.now()
    take_back_copies(tasks=Task.objects.filter(attempt_task__attempt=attempt))
    about = {"word": qualification.word, "right": attempt.right, "asked": attempt.asked}
    if has_passed:
        because = f"attempt {attempt.uid}"
        add_qualification(member=attempt.member, word=qualification.word, because=because)
        _tell(attempt, lambda: _("You passed “%(word)s”: %(right)s of %(asked)s.") % about)
    elif is_new:
        _tell(attempt, lambda: _("You did not pass “%(word)s”: %(right)s of %(asked)s.") % about)


def _tell(attempt: Attempt, sentence: Sentence) -> None:
    slug = attempt.qualification.campaign.workspace.slug
    path = reverse("gold:qualifications", args=[slug])
    notify([attempt.member], topic="qualification.ended", sentence=sentence, path=path)
