from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.errors import Conflict
from evalhub.judgments.body import Answers
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.verdict import store_verdict
from evalhub.prompts.models import Prompt
from evalhub.quality.choices import Cause, Measure
from evalhub.quality.errors import TooBusy, UnfitWithdrawal
from evalhub.quality.models import (
    Adjudication,
    AlertRule,
    ConsensusSnapshot,
    Dispute,
    Reinstatement,
    Withdrawal,
)
from evalhub.quality.scope import counted_up_to, named_by


def take_snapshot(workspace: Workspace) -> ConsensusSnapshot:
    """Freeze what is judged so far: the rows it names stay the same for ever.

    Raises:
        TooBusy: writers kept the table for five seconds; try again.
    """
    bounds = safe_bounds(workspace)
    last, before = bounds
    count, digest = named_by(counted_up_to(workspace, last, before=before, at=bounds.now))
    return ConsensusSnapshot.objects.create(
        workspace=workspace,
        created_at=bounds.now,
        last_judgment=last,
        settled_before=before,
        judgments=count,
        digest=digest,
    )


class Bounds(NamedTuple):
    last: int
    settled_before: datetime

    @property
    def now(self) -> datetime:
        """When that was; whatever was withdrawn from data by then is seen by everybody."""
        return self.settled_before + timedelta(seconds=settings.EVALHUB_UNDO_SECONDS)


def safe_bounds(workspace: Workspace) -> Bounds:
    """The highest key below which nothing can still appear, and when it was too late to withdraw.

    Keys are handed out before the commit. The lock waits for the writers under way, a few
    milliseconds, so that none of them commits a lower key afterwards; a withdrawal looks at the
    clock while it holds the table, so none that comes later reaches behind the moment read here.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            cursor.execute("LOCK TABLE judgments_judgment, quality_withdrawal IN SHARE MODE")
            highest = Judgment.objects.filter(workspace=workspace).aggregate(last=Max("pk"))
            cursor.execute(
                "SELECT clock_timestamp() - make_interval(secs => %s)",
                [settings.EVALHUB_UNDO_SECONDS],
            )
            return Bounds(highest["last"] or 0, cursor.fetchone()[0])
    except OperationalError as error:
        raise TooBusy(_("Too much is being written just now; try again in a minute.")) from error


@transaction.atomic
def set_alerts(*, campaign: Campaign, bounds: Mapping[Measure, float | None], by: Member) -> None:
    """Watch each measure that has a bound, and no other; one that is changed starts anew."""
    before = {rule.measure: rule.bound for rule in AlertRule.objects.filter(campaign=campaign)}
    for measure, bound in bounds.items():
        if bound is None:
            AlertRule.objects.filter(campaign=campaign, measure=measure).delete()
        elif before.get(measure) != bound:
            fresh = {"bound": bound, "value": None, "looked_at": None, "fired_at": None}
            AlertRule.objects.update_or_create(campaign=campaign, measure=measure, defaults=fresh)
    record(
        "campaign.alerts_set",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"campaign {campaign.uid}",
        bounds={measure.value: bound for measure, bound in bounds.items()},
    )


@transaction.atomic
def adjudicate(
    *, task: Task, answers: Answers, cause: Cause, note: str, by: Member
) -> Adjudication:
    """Decide a task that people disagreed about; a second time replaces the first verdict.

    What people said stays as it is. The verdict is a judgment beside theirs, which builds prefer.

    Args:
        answers: as in a submit, A being the task's first completion.

    Raises:
        InvalidJudgment: the answers do not fit the task or the rubric.
    """
    verdict = store_verdict(task=task, answers=answers, by=by)
    values = {"judgment": verdict, "cause": cause, "note": note.strip()}
    adjudication, _created = Adjudication.objects.update_or_create(task=task, defaults=values)
    Dispute.objects.filter(task=task).delete()
    record(
        "task.adjudicated",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"task {task.uid}",
        judgment=str(verdict.uid),
        cause=cause.value,
    )
    return adjudication


@transaction.atomic
def withdraw_from_data(
    *,
    subject: Judgment | Prompt | Member,
    reason: str,
    by: Member,
    effect: Mapping[str, object],
) -> Withdrawal:
    """Let nothing of a judgment, a prompt or a member enter a snapshot or a build from now on.

    Raises:
        UnfitWithdrawal: no reason was given.
        Conflict: it is withdrawn already.
    """
    _demand_reason(reason)
    kind = type(subject).__name__.lower()
    now = _alone_with_withdrawals()
    if Withdrawal.objects.filter(reinstatement=None, **{kind: subject}).exists():
        raise Conflict(_("This is withdrawn already."))
    made = Withdrawal(
        workspace=by.workspace,
        created_at=now,
        reason=reason.strip(),
        withdrawn_by=by,
        effect=dict(effect),
    )
    setattr(made, kind, subject)
    made.save()
    _record_withdrawal(f"{kind}.withdrawn_from_data", made, by, reason=made.reason)
    return made


@transaction.atomic
def reinstate(*, withdrawal: Withdrawal, reason: str, by: Member) -> Reinstatement:
    """Let it count again, in snapshots and builds from now on.

    Raises:
        UnfitWithdrawal: no reason was given.
        Conflict: it counts again already.
    """
    _demand_reason(reason)
    now = _alone_with_withdrawals()
    if Reinstatement.objects.filter(withdrawal=withdrawal).exists():
        raise Conflict(_("It was reinstated already."))
    made = Reinstatement.objects.create(
        withdrawal=withdrawal, created_at=now, reason=reason.strip(), reinstated_by=by
    )
    _record_withdrawal(f"{withdrawal.kind}.reinstated", withdrawal, by, reason=made.reason)
    return made


def _demand_reason(reason: str) -> None:
    if not reason.strip():
        raise UnfitWithdrawal(_("Say why; it stands in the audit log."), field="reason")


def _alone_with_withdrawals() -> datetime:
    """The moment from which a snapshot sees what is decided here: none is between clock and commit."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE quality_withdrawal IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    moment: datetime = now
    return moment


def _record_withdrawal(verb: str, withdrawal: Withdrawal, by: Member, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"{withdrawal.kind} {withdrawal.subject.uid}",
        withdrawal=str(withdrawal.uid),
        **details,
    )
