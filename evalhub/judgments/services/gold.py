"""What passes a gold, and that one is doubted or withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.models import Task
from evalhub.campaigns.services.gold import make_normal
from evalhub.common.errors import Conflict
from evalhub.jobs.events import announce
from evalhub.judgments.models import ExpertAnswer


@transaction.atomic
def set_gold_rule(
    *,
    answer: ExpertAnswer,
    tolerance: int,
    also: Mapping[str, Sequence[str]],
    cannot_tell_fails: bool,
    by: Member,
) -> ExpertAnswer:
    """Say what passes beside the expert's own answers; all who judged it are scored by that.

    Args:
        tolerance: points of a scale that an answer may be off.
        also: for a field of the form, the other values that pass.
    """
    answer.tolerance, answer.cannot_tell_fails = tolerance, cannot_tell_fails
    answer.also = {name: sorted(values) for name, values in sorted(also.items()) if values}
    answer.doubted_at = None
    answer.save(update_fields=["tolerance", "cannot_tell_fails", "also", "doubted_at"])
    announce("gold.changed", answer.task.uid)
    record(
        "gold.rule_set",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"task {answer.task.uid}",
        tolerance=tolerance,
        also=answer.also,
        cannot_tell_fails=cannot_tell_fails,
    )
    return answer


@transaction.atomic
def doubt_gold(*, task: Task) -> bool:
    """Mark that good people fail it; False when it was doubted or withdrawn already."""
    standing = ExpertAnswer.objects.filter(task=task, doubted_at=None, withdrawn_at=None)
    is_new = bool(standing.update(doubted_at=timezone.now()))
    if is_new:
        slug = task.campaign.workspace.slug
        record("gold.doubted", actor="system", workspace=slug, target=f"task {task.uid}")
    return is_new


@transaction.atomic
def withdraw_gold(*, answer: ExpertAnswer, reason: str, by: Member) -> ExpertAnswer:
    """Nobody is measured by it any more; the task is a normal one, and its judgments stay.

    Raises:
        Conflict: it is withdrawn already.
    """
    standing = ExpertAnswer.objects.filter(pk=answer.pk, withdrawn_at=None)
    if not standing.update(withdrawn_at=timezone.now()):
        raise Conflict(_("This gold is withdrawn already."))
    make_normal(task=answer.task)
    announce("gold.changed", answer.task.uid)
    answer.refresh_from_db()
    record(
        "gold.withdrawn",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"task {answer.task.uid}",
        reason=reason,
    )
    return answer
