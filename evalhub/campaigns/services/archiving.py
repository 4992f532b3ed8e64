"""Taking a task out of the work: one that is broken, or needs no more judgments."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.errors import UnfitTask
from evalhub.campaigns.models import TAKEN, Assignment, Task
from evalhub.campaigns.services.shares import refresh_shares


@transaction.atomic
def archive_task(*, task: Task, by: Member) -> bool:
    """Ask nobody else about it. Whoever holds it may submit; what was said stays and counts.

    It waits for nobody any more, and a place that is given back is none. False: it was archived already.

    Raises:
        UnfitTask: it is no ordinary task.
    """
    locked = Task.objects.select_for_update(no_key=True).get(pk=task.pk)  # against a claim
    if locked.kind != TaskKind.NORMAL:
        told = _(
            "Only ordinary tasks are archived; gold, practice and repeats have their own pages."
        )
        raise UnfitTask(told, field="archived")
    if locked.archived_at is not None:
        return False
    locked.reservations.all().delete()
    # who skipped it takes no place of it back
    Assignment.objects.filter(task=task, gave_up_place=True).update(gave_up_place=False)
    Task.objects.filter(pk=task.pk).update(
        archived_at=timezone.now(), is_reserved=True, overlap=TAKEN, open_places=0
    )
    return _changed(task, by, archived=True)


@transaction.atomic
def restore_task(*, task: Task, by: Member) -> bool:
    """Ask about it again, of whoever comes, until it has as many judgments as its campaign's tasks.

    False: it was not archived.
    """
    locked = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
    if locked.archived_at is None:
        return False
    wanted = task.campaign.overlap
    Task.objects.filter(pk=task.pk).update(
        archived_at=None,
        is_reserved=False,
        overlap=Greatest(F("overlap"), wanted),
        open_places=Greatest(wanted - F("overlap"), 0),  # none is open: all of the overlap is taken
    )
    return _changed(task, by, archived=False)


def _changed(task: Task, by: Member, *, archived: bool) -> bool:
    refresh_shares(task.campaign)
    record(
        "task.archived" if archived else "task.restored",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"task {task.uid}",
    )
    task.refresh_from_db()
    return True
