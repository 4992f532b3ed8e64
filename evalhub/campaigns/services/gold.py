"""Tasks by which people are measured: claimed like any other, or kept for those who draw them.

A kept one is reserved, and for nobody: each draw adds one place and reserves it for one person. The
claim lends what waits for somebody before anything else, so drawing costs it nothing.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import TAKEN, Assignment, Reservation, Task
from evalhub.campaigns.services.shares import refresh_shares
from evalhub.campaigns.services.steering import copy_of
from evalhub.common.errors import Conflict

STALE = timedelta(days=1)  # after which a place that was drawn and never fetched is taken away


def make_gold(*, task: Task) -> Task:
    """Compare what people say about `task` with an expert's answer; they claim it as before.

    Raises:
        Conflict: it is archived, so nobody would claim it.
    """
    if task.archived_at is not None:
        raise Conflict(
            _("This task is archived, so nobody would be measured by it: restore it first.")
        )
    Task.objects.filter(pk=task.pk).update(kind=TaskKind.GOLD)
    task.kind = TaskKind.GOLD
    return task


@transaction.atomic
def make_normal(*, task: Task) -> Task:
    """A task like any other again, claimed by whoever comes."""
    claimed_by_all(task=task)
    Task.objects.filter(pk=task.pk).update(kind=TaskKind.NORMAL)
    task.refresh_from_db()
    return task


def keep_for_draws(*, task: Task) -> bool:
    """Nobody claims it unasked any more; who holds or judged it is not troubled."""
    kept = Task.objects.filter(pk=task.pk, kind=TaskKind.GOLD, is_reserved=False)
    return bool(kept.update(is_reserved=True, overlap=TAKEN, open_places=0))


@transaction.atomic
def claimed_by_all(*, task: Task) -> bool:
    """The opposite: as many places as its campaign's tasks have, for whoever comes."""
    locked = Task.objects.select_for_update(no_key=True).filter(pk=task.pk, is_reserved=True)
    if locked.first() is None:
        return False
    Reservation.objects.filter(task=task).delete()
    wanted = task.campaign.overlap
    Task.objects.filter(pk=task.pk).update(
        is_reserved=False,
        overlap=Greatest(TAKEN, wanted),
        open_places=Greatest(wanted - TAKEN, 0),
    )
    refresh_shares(task.campaign)
    return True


def add_place(*, task: Task, member: Member) -> None:
    """One more judgment, by `member`, who gets it next. The caller holds the task's lock."""
    Reservation.objects.create(campaign_id=task.campaign_id, task=task, member=member)
    Task.objects.filter(pk=task.pk).update(
        overlap=F("overlap") + 1, open_places=F("open_places") + 1
    )
    refresh_shares(task.campaign)


def copy_for(*, task: Task, member: Member) -> Task:
    """The gold once more, for `member` alone, as a part of their qualification."""
    copy = copy_of(task, kind=TaskKind.QUALIFICATION, overlap=1)
    Reservation.objects.create(campaign_id=copy.campaign_id, task=copy, member=member)
    return copy


def take_back_copies(*, tasks: QuerySet[Task]) -> None:
    """Nobody is to judge these copies any more. Within the caller's transaction."""
    list(tasks.order_by("pk").select_for_update(no_key=True, of=["self"]))  # first, as a claim does
    Reservation.objects.filter(task__in=tasks).delete()
    tasks.filter(open_places__gt=0).update(overlap=TAKEN, open_places=0)


@transaction.atomic
def take_unused_places(*, task: Task) -> int:
    """Places of gold or a repeat that nobody will fill: skipped, or drawn and never fetched."""
    locked = Task.objects.select_for_update(no_key=True)
    mixed = locked.filter(kind__in=[TaskKind.GOLD, TaskKind.REPEAT], is_reserved=True)
    found = mixed.filter(pk=task.pk).first()
    if found is None:
        return 0
    old = timezone.now() - STALE
    never = ~Exists(Assignment.objects.filter(task=task, member=OuterRef("member")))
    Reservation.objects.filter(never, task=task, due_at__lt=old).delete()
    unused = max(found.open_places - found.reservations.count(), 0)
    if unused:
        places = {"overlap": F("overlap") - unused, "open_places": F("open_places") - unused}
        Task.objects.filter(pk=task.pk).update(**places)
        refresh_shares(task.campaign)
    return unused
