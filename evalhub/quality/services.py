from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.services.shares import open_share, shut_share
from evalhub.campaigns.services.steering import make_room
from evalhub.common.errors import Conflict
from evalhub.judgments.body import Answers
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.verdict import store_verdict
from evalhub.notifications.services import notify
from evalhub.prompts.models import Prompt
from evalhub.quality.choices import Cause, Measure
from evalhub.quality.errors import NotPreviewed, TooBusy, UnfitExclusion, UnfitWithdrawal
from evalhub.quality.models import (
    Adjudication,
    AlertRule,
    ConsensusSnapshot,
    Dispute,
    Exclusion,
    ExclusionPreview,
    Reinstatement,
    Withdrawal,
)
from evalhub.quality.scope import counted_up_to, named_by

PREVIEW_HOLDS = timedelta(
    hours=1
)  # as long as what it says of a campaign that goes on is near enough


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
def exclude(
    *,
    campaign: Campaign,
    member: Member,
    reason: str,
    asks_others: bool,
    preview: str,
    by: Member,
) -> Exclusion:
    """Let nothing that `member` said in the campaign count, and lend them no more of its tasks.

    What they said stays on record, and is paid; frozen builds stay as they are.

    Args:
        asks_others: make room for one judgment more on each task that they judged.
        preview: the digest of the newest `ExclusionPreview` of them, which `by` has read.

    Raises:
        UnfitExclusion: no reason was given, or they gave no judgment.
        Conflict: they are excluded already.
        NotPreviewed: what it would change was not worked out within the last hour, or once more
            since `by` read it.
    """
    if not reason.strip():
        raise UnfitExclusion(_("Say why; it stands in the audit log."), field="reason")
    theirs = Judgment.objects.own_words().filter(campaign=campaign, member=member)
    if not theirs.exists():
        raise UnfitExclusion(_("They gave no judgment here that counts."), field="member")
    if campaign.exclusions.filter(member=member, lifted_at=None).exists():
        raise Conflict(_("They are excluded already."))
    previews = ExclusionPreview.objects.filter(campaign=campaign, member=member)
    shown = previews.filter(made_at__gte=timezone.now() - PREVIEW_HOLDS).first()
    if shown is None:
        told = _("See first what would change: that was not worked out within the last hour.")
        raise NotPreviewed(told, field="member")
    if shown.digest != preview:
        told = _("What would change was worked out once more since; read that first.")
        raise NotPreviewed(told, field="preview")
    made = Exclusion.objects.create(
        campaign=campaign,
        member=member,
        reason=reason.strip(),
        excluded_by=by,
        quota=shut_share(campaign=campaign, member=member),
    )
    places = 0
    if asks_others:
        tasks = theirs.filter(task__kind=TaskKind.NORMAL).order_by().values("task")
        places = make_room(campaign=campaign, tasks=tasks)
    _tell(made, gettext_lazy("“%(title)s”: a lead has ended your part. %(reason)s"))
    _record_exclusion("member.excluded", made, by, reason=made.reason, places=places)
    return made


@transaction.atomic
def lift_exclusion(*, exclusion: Exclusion, by: Member) -> Exclusion:
    """Let what they said count again; places that were made for others stay.

    Raises:
        Conflict: it is lifted already.
    """
    rows = Exclusion.objects.filter(pk=exclusion.pk, lifted_at=None)
    if not rows.update(lifted_at=timezone.now(), lifted_by=by):
        raise Conflict(_("It is lifted already."))
    open_share(campaign=exclusion.campaign, member=exclusion.member, quota=exclusion.quota)
    _tell(exclusion, gettext_lazy("“%(title)s”: what you said counts again, and you may go on."))
    _record_exclusion("member.exclusion_lifted", exclusion, by)
    return Exclusion.objects.get(pk=exclusion.pk)


def _tell(exclusion: Exclusion, sentence: Any) -> None:  # `Any`: a lazy translation
    """Nobody is left out without a word."""
    campaign = exclusion.campaign
    about = {"title": campaign.title, "reason": exclusion.reason}
    path = reverse("judgments:mine", args=[campaign.workspace.slug])
    notify([exclusion.member], topic="exclusion", sentence=lambda: sentence % about, path=path)


def _record_exclusion(verb: str, exclusion: Exclusion, by: Member, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"member {exclusion.member.uid}",
        campaign=str(exclusion.campaign.uid),
        **details,
    )


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
