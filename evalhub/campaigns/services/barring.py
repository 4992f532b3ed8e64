"""Keeping people from tasks that are not for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random

from django.db import transaction
from django.utils import timezone

from evalhub.campaigns.choices import AssignmentState
from evalhub.campaigns.models import Assignment, Campaign, TaskCompletion


@transaction.atomic
def keep_from(*, campaign: Campaign, barred: Mapping[int, Collection[int]], seed: int) -> int:
    """Never lend a draft's tasks to certain members, given by keys: {task: members}.

    An assignment that is never lent stands in the place of one, as nobody gets a task twice: the
    claim looks for nothing more than it did. The order of the responses goes on from it, so it is
    drawn by lot here.

    Returns:
        how many were barred, a member on each task for one.
    """
    chance, now = Random(seed), timezone.now()  # noqa: S311  an order, no secret
    placed: dict[int, list[int]] = {}
    rows = TaskCompletion.objects.filter(task__in=barred, task__campaign=campaign)
    for task, place in rows.order_by("task_id", "place").values_list("task_id", "place"):
        placed.setdefault(task, []).append(place)
    made = []
    for task, places in placed.items():
        chance.shuffle(places)
        made += [
            Assignment(
                campaign=campaign, task_id=task, member_id=member, state=AssignmentState.BARRED,
                permutation=places, expires_at=now, ended_at=now,
            )
            for member in sorted(barred[task])
        ]  # fmt: skip
    return len(Assignment.objects.bulk_create(made))
