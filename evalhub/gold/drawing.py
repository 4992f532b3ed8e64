"""Which gold somebody may draw, and how many people a gold was shown to."""

from __future__ import annotations

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import (
    Assignment,
    Campaign,
    Reservation,
    Task,
    TaskCompletion,
)
from evalhub.gold.models import AttemptTask


def drawable(campaign: Campaign, member: Member, *, most: int | None) -> QuerySet[Task]:
    """Gold kept for draws that the member never had, does not wait for and did not write a part of; nor
    anything about a prompt that an exam of theirs asked, in whatever campaign: they know it.

    Args:
        most: people who had it or are to get it; only what fewer had, and what the fewest had first.
    """
    of_task = {"task": OuterRef("pk")}
    theirs = (
        Assignment.objects.filter(**of_task, member=member),
        Reservation.objects.filter(**of_task, member=member),
        TaskCompletion.objects.filter(**of_task, completion__written_by=member),
        AttemptTask.objects.filter(attempt__member=member, gold__prompt=OuterRef("prompt")),
    )
    kept = Task.objects.filter(campaign=campaign, kind=TaskKind.GOLD, is_reserved=True)
    free = kept.filter(*(~Exists(each) for each in theirs))
    shown = free.annotate(shown=people_shown())
    if most is not None:
        shown = shown.filter(shown__lt=most)
    return shown.order_by("shown", "lot", "pk")


def people_shown() -> Combinable:
    """Of a query set of gold tasks: how many people had each, or a copy of it in an exam, or are to get it."""
    examined = AttemptTask.objects.filter(gold=OuterRef("pk")).filter(
        Exists(Assignment.objects.filter(task=OuterRef("task")))
        | Exists(Reservation.objects.filter(task=OuterRef("task")))
    )
    theirs = {"task": OuterRef("gold"), "member": OuterRef("attempt__member")}
    examined = examined.exclude(  # once for each person
        Exists(Assignment.objects.filter(**theirs)) | Exists(Reservation.objects.filter(**theirs))
    )
    people = examined.order_by().values("gold").annotate(n=Count("attempt__member", distinct=True))
    exams = Coalesce(Subquery(people.values("n")), Value(0), output_field=IntegerField())
    had = Assignment.objects.filter(
        task=OuterRef("pk"), member=OuterRef("reservations__member")
    )  # it waits for them again
    waiting = Count("reservations", distinct=True, filter=~Exists(had))
    return Count("assignments", distinct=True) + waiting + exams


def shown_to(task: Task) -> int:
    """The same of one gold."""
    shown: int = Task.objects.filter(pk=task.pk).values_list(people_shown(), flat=True).get()
    return shown
