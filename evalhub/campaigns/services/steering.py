"""What is decided about tasks that are being judged: how urgent, how often, by whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from random import Random
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.eligibility import lacking, people_for
from evalhub.campaigns.errors import UnfitTask
from evalhub.campaigns.models import (
    BAND,
    HIGHEST_PRIORITY,
    Assignment,
    Campaign,
    Reservation,
    Task,
    TaskCompletion,
)
from evalhub.campaigns.services.archiving import archive_task, restore_task
from evalhub.campaigns.services.shares import COUNTED, refresh_shares
from evalhub.common.errors import Conflict

MOST_OVERLAP = 100


@transaction.atomic
def change_task(
    *,
    task: Task,
    by: Member,
    priority: int | None = None,
    overlap: int | None = None,
    reserved_for: Sequence[str] | None = None,
    archived: bool | None = None,
) -> Task:
    """All that is given, or nothing; `reserved_for` names members by their pseudonyms.

    Raises:
        UnfitTask, Conflict: as each of the changes does.
    """
    if archived is False:
        restore_task(task=task, by=by)
    if reserved_for is not None:
        named = by.workspace.members.active().filter(pseudonym__in=reserved_for)
        found = list(named.order_by("pk"))
        if unknown := sorted(set(reserved_for) - {each.pseudonym for each in found}):
            told = _("No active member of the workspace is called %(names)s.")
            told %= {"names": ", ".join(unknown)}
            raise UnfitTask(told, field="reserved_for")
        task = reserve(task=task, members=found, by=by)
    if priority is not None:
        task = set_priority(task=task, priority=priority, by=by)
    if overlap is not None:
        task = raise_overlap(task=task, overlap=overlap, by=by)
    if archived:
        archive_task(task=task, by=by)
    return task


@transaction.atomic
def set_priority(*, task: Task, priority: int, by: Member) -> Task:
    """From 9, which is claimed first, to 0; whoever holds the task keeps it.

    Raises:
        UnfitTask: no such priority.
    """
    if not 0 <= priority <= HIGHEST_PRIORITY:
        told = _("A priority is a number from 0 to %(most)s.") % {"most": HIGHEST_PRIORITY}
        raise UnfitTask(told, field="priority")
    Task.objects.filter(pk=task.pk).update(priority=priority)
    return _changed(task, by, priority=priority)


@transaction.atomic
def raise_overlap(*, task: Task, overlap: int, by: Member) -> Task:
    """Ask for more judgments of a task; those who hold it or have judged it are not troubled.

    Raises:
        UnfitTask: it would fall, or is beyond reason.
        Conflict: the task is reserved, so that its overlap is the number of those it is for; or it
            is archived.
    """
    _check_in_use(task)
    if not task.overlap <= overlap <= MOST_OVERLAP:
        told = _("The overlap can only grow: from %(now)s to at most %(most)s.")
        told %= {"now": task.overlap, "most": MOST_OVERLAP}
        raise UnfitTask(told, field="overlap")
    if task.is_reserved:
        raise Conflict(_("This task is reserved: reserve it for more people instead."))
    restore_places(Task.objects.filter(pk=task.pk, overlap__lt=overlap))
    places = F("open_places") + overlap - F("overlap")
    Task.objects.filter(pk=task.pk, overlap__lte=overlap).update(
        overlap=overlap, open_places=places
    )
    refresh_shares(task.campaign)
    return _changed(task, by, overlap=overlap)


def grow_overlap(*, task: Task) -> bool:
    """One judgment more, if the task has all it wanted and its campaign lets it grow.

    Whoever calls this twice about the same judgments grows it once.
    """
    most = task.campaign.most_overlap or 0
    grown = Task.objects.filter(
        pk=task.pk, judged=F("overlap"), overlap__lt=most, is_reserved=False
    ).update(overlap=F("overlap") + 1, open_places=F("open_places") + 1)
    if grown:
        refresh_shares(task.campaign)
    return bool(grown)


def restore_places(tasks: QuerySet[Task]) -> None:
    """What skips gave up is asked for again, of whoever comes: unskipping must not add it once more."""
    Assignment.objects.filter(task__in=tasks, gave_up_place=True).update(gave_up_place=False)


def make_room(*, campaign: Campaign, tasks: Iterable[int] | QuerySet[Any, Any]) -> int:
    """One judgment more on each of `tasks` (keys); return on how many there was room for one."""
    room = campaign.tasks.filter(pk__in=tasks, is_reserved=False, overlap__lt=MOST_OVERLAP)
    made = room.update(overlap=F("overlap") + 1, open_places=F("open_places") + 1)
    refresh_shares(campaign)
    return made


@transaction.atomic
def reserve(*, task: Task, members: Sequence[Member], by: Member) -> Task:
    """Give the task to `members` alone: each of them gets it, before anything else.

    Its overlap becomes their number, and that of those who hold or judged it since it was reserved.
    Reserving it again is for those named last.

    Raises:
        UnfitTask: nobody is named, or somebody of another workspace, or who cannot get it: they
            may not judge in the campaign, wrote one of its responses, or have it, judged it or
            skipped it.
        Conflict: somebody holds the task or has judged it who had not been named, or it is archived.
    """
    _check_in_use(task)
    if not members or any(each.workspace_id != by.workspace_id for each in members):
        raise UnfitTask(_("Name one member of the workspace or more."), field="reserved_for")
    locked = Task.objects.select_for_update(no_key=True).get(pk=task.pk)  # against a claim
    taken = locked.assignments.filter(state__in=COUNTED).count()
    if taken and not (locked.is_reserved and locked.kind == TaskKind.NORMAL):
        told = _("Somebody holds this task or has judged it; reserve one that nobody has.")
        raise Conflict(told)
    _check_may_get(locked, members)
    locked.reservations.all().delete()
    _reserve(locked, members, due_at=timezone.now())
    Task.objects.filter(pk=task.pk).update(
        is_reserved=True, overlap=taken + len(members), open_places=len(members)
    )
    refresh_shares(task.campaign)
    return _changed(task, by, reserved_for=[each.pseudonym for each in members])


def _check_in_use(task: Task) -> None:
    if task.archived_at is not None:
        raise Conflict(_("This task is archived, and nobody is asked: restore it first."))


def _check_may_get(task: Task, members: Sequence[Member]) -> None:
    named = people_for(task.campaign).filter(pk__in=[each.pk for each in members])
    able = set(named.values_list("pk", flat=True))
    unable = [each for each in members if each.pk not in able]
    if unable:  # their place would stay open for ever
        told = _("%(names)s may not judge in this campaign%(why)s. Name somebody who may.")
        missing = lacking(task.campaign, unable[0].pk)
        why = _(": it asks for %(what)s") % {"what": ", ".join(missing)} if missing else ""
        who = ", ".join(sorted(each.pseudonym for each in unable))
        raise UnfitTask(told % {"names": who, "why": why}, field="reserved_for")
    writers = task.completions.filter(written_by__in=members)
    wrote = set(writers.values_list("written_by__pseudonym", flat=True))
    if wrote:
        told = _(
            "%(names)s wrote one of its responses, and nobody judges their own. Name somebody else."
        )
        raise UnfitTask(told % {"names": ", ".join(sorted(wrote))}, field="reserved_for")
    had = task.assignments.filter(member__in=members)
    had = had.exclude(pk__in=Assignment.objects.lost())  # those get it again
    names = sorted(had.values_list("member__pseudonym", flat=True))
    if names:
        told = _("%(names)s had this task already, and nobody gets one twice. Name somebody else.")
        raise UnfitTask(told % {"names": ", ".join(names)}, field="reserved_for")


@transaction.atomic
def repeat_task(
    *, task: Task, member: Member, due_at: datetime, shown: Sequence[int] | None = None
) -> Task:
    """Ask the member once more what they say about `task`, not before `due_at`.

    The copy is theirs alone and never counts beside their first word; it tells how steady they are.

    Args:
        shown: the places of its completions in the order in which they are shown; None: by lot.
    """
    copy = copy_of(task, kind=TaskKind.REPEAT, overlap=1)
    _reserve(copy, [member], due_at=due_at, shown=shown)
    refresh_shares(task.campaign)
    return copy


def copy_of(task: Task, *, kind: TaskKind, overlap: int) -> Task:
    """The same prompt and completions as a task of another kind, which nobody claims unasked."""
    copy = Task.objects.create(
        campaign=task.campaign,
        prompt_id=task.prompt_id,
        kind=kind,
        lot=Random(task.pk).randrange(BAND),  # noqa: S311  an order, no secret
        overlap=overlap,
        open_places=overlap,
        is_reserved=True,
    )
    TaskCompletion.objects.bulk_create(
        TaskCompletion(task=copy, completion_id=each.completion_id, place=each.place)
        for each in task.placed.order_by("place")
    )
    return copy


def _reserve(
    task: Task, members: Sequence[Member], *, due_at: datetime, shown: Sequence[int] | None = None
) -> None:
    order = None if shown is None else list(shown)
    Reservation.objects.bulk_create(
        Reservation(
            campaign_id=task.campaign_id, task=task, member=each, due_at=due_at, permutation=order
        )
        for each in members
    )


def _changed(task: Task, by: Member, **details: object) -> Task:
    record(
        "task.changed",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"task {task.uid}",
        **details,
    )
    task.refresh_from_db()
    return task
