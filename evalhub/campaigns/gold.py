"""Which gold somebody may draw."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, QuerySet

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import (
    Assignment,
    Campaign,
    Reservation,
    Task,
    TaskCompletion,
)


def drawable(campaign: Campaign, member: Member, *, most: int | None) -> QuerySet[Task]:
    """Gold kept for draws that the member never had, does not wait for and did not write a part of.

    Args:
        most: people who had it or are to get it; only what fewer had, and what the fewest had first.
    """
    of_task = {"task": OuterRef("pk")}
    theirs = (
        Assignment.objects.filter(**of_task, member=member),
        Reservation.objects.filter(**of_task, member=member),
        TaskCompletion.objects.filter(**of_task, completion__written_by=member),
    )
    kept = Task.objects.filter(campaign=campaign, kind=TaskKind.GOLD, is_reserved=True)
    free = kept.filter(*(~Exists(each) for each in theirs))
    had = Count("assignments", distinct=True) + Count("reservations", distinct=True)
    shown = free.annotate(shown=had)
    if most is not None:
        shown = shown.filter(shown__lt=most)
    return shown.order_by("shown", "lot", "pk")


def shown_to(task: Task) -> int:
    """How many people had it or are to get it."""
    return task.assignments.count() + task.reservations.count()
