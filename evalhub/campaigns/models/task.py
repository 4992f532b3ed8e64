from __future__ import annotations

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import AssignmentState, SkipReason, TaskKind
from evalhub.campaigns.models.campaign import Campaign
from evalhub.common.models import Among, PublicModel
from evalhub.prompts.models import Completion, Prompt

HIGHEST_PRIORITY = 9
BAND = 2**40  # ranks of one priority, drawn by lot; see Task.rank
TURN = 2**44  # more than the bands of all priorities
TAKEN = F("overlap") - F("open_places")  # places that somebody holds or has filled


class TaskQuerySet(models.QuerySet["Task"]):
    def open(self) -> Self:
        return self.filter(open_places__gt=0)


class Task(PublicModel):
    """A unit of work: a prompt, its completions, and how many judgments it shall get.

    `open_places` counts places that nobody holds or has filled; the claim takes one and an expiry
    or release gives it back, each in the UPDATE that moves the assignment.
    """

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="tasks", db_index=False
    )  # db_index=False here and below: another index or constraint begins with the column
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=15, choices=TaskKind.choices, default=TaskKind.NORMAL.value)
    priority = models.PositiveSmallIntegerField(default=5, db_default=5)  # 9 first, 0 last
    lot = models.BigIntegerField()  # drawn once, below BAND: the order among equals
    shift = models.SmallIntegerField(default=0, db_default=0)  # of its campaign's order: SHIFTS
    # No Positive… here: the constraints below say as much, and each CHECK costs every judgment
    overlap = models.SmallIntegerField()
    open_places = models.SmallIntegerField()
    # Tasks are claimed in this order. Each place that is taken moves a task a turn back (spread
    # first), a turn to the front (finish first) or not at all.
    rank = models.GeneratedField(
        expression=F("lot")
        + (HIGHEST_PRIORITY - F("priority")) * BAND
        + F("shift") * (F("overlap") - F("open_places")) * TURN,
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    is_reserved = models.BooleanField(default=False, db_default=False)  # only for `reservations`
    judged = models.PositiveSmallIntegerField(default=0)  # judgments that count towards overlap
    # Nobody else is asked: it is reserved for nobody, and a place that is given back is none
    archived_at = models.DateTimeField(null=True, blank=True)
    completions: models.ManyToManyField[Completion, TaskCompletion] = models.ManyToManyField(
        Completion, through="TaskCompletion"
    )

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(open_places__lte=F("overlap") - F("judged")),
                name="places_and_judgments_within_overlap",
            ),
            models.CheckConstraint(condition=Q(judged__lte=F("overlap")), name="never_over_k"),
            models.CheckConstraint(condition=Q(open_places__gte=0), name="no_place_taken_twice"),
            models.CheckConstraint(
                condition=Q(priority__lte=HIGHEST_PRIORITY), name="priority_0_to_9"
            ),
            models.CheckConstraint(
                condition=Q(lot__gte=0, lot__lt=BAND), name="lot_within_its_band"
            ),
            models.CheckConstraint(
                condition=Q(archived_at=None) | Q(is_reserved=True, open_places=0),
                name="archived_waits_for_nobody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "rank"],
                name="task_open",
                condition=Q(open_places__gt=0, is_reserved=False),
            ),
            models.Index(fields=["campaign", "id"], name="task_by_campaign"),
            # The few that are unlike the rest; most tasks are in neither, so a claim pays nothing
            models.Index(
                fields=["campaign", "kind", "id"],
                name="task_of_kind",
                condition=~Q(kind=TaskKind.NORMAL),
            ),
            models.Index(
                fields=["campaign", "priority", "id"],
                name="task_of_priority",
                condition=~Q(priority=5),
            ),
            models.Index(
                fields=["campaign", "id"],
                name="task_archived",
                condition=Q(archived_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Task {self.uid}"


class TaskCompletion(models.Model):
    """The completions of a task in the task's own order; `place` counts from 0."""

    task = models.ForeignKey(Task, models.PROTECT, related_name="placed", db_index=False)
    completion = models.ForeignKey(Completion, models.PROTECT, related_name="placed")
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["task", "place"]
        constraints = [
            models.UniqueConstraint(fields=["task", "place"], name="one_completion_per_place"),
            models.UniqueConstraint(fields=["task", "completion"], name="completion_once_per_task"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}:{self.place}"


class Reservation(models.Model):
    """A reserved task waits for this member.

    The claim that lends it to them takes the row away; a lease that ends with nothing said, and not
    by a skip, puts it back.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="+", db_index=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="reservations", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    due_at = models.DateTimeField(default=timezone.now)  # not lent before
    permutation: ArrayField[list[int] | None, list[int] | None] = ArrayField(
        models.SmallIntegerField(), null=True, blank=True
    )  # in which order they are shown it, as of Assignment; None: by lot

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "member"], name="one_reservation_per_task_and_member"
            )
        ]
        indexes = [models.Index(fields=["member", "campaign"], name="reservation_by_member")]

    def __str__(self) -> str:
        return f"{self.task_id} for {self.member_id}"


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def held(self) -> Self:
        return self.filter(state=AssignmentState.HELD)

    def of_member(self, member: Member) -> Self:
        return self.filter(member=member)

    def lost(self) -> Self:
        """Ran out or was handed back; its member may get it again."""
        return self.filter(state__in=[AssignmentState.RELEASED, AssignmentState.EXPIRED])

    def late(self) -> Self:
        """Lost, with work on it: begun before that, or sent all the same."""
        return self.lost().filter(draft__isnull=False)

    def run_out(self) -> Self:
        return self.held().filter(expires_at__lt=timezone.now())


class Assignment(PublicModel):
    """A lease on a task for one member.

    held -> submitted | released | skipped | expired;  released | expired -> held (a new token)
    submitted -> held (withdrawn at once, a new token);  released | expired -> extra
    barred: a task that its member shall never get; nothing was lent
    """

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="assignments", db_constraint=False
    )  # a copy of the task's, which has the constraint; two locks less on a row that all share
    task = models.ForeignKey(Task, models.PROTECT, related_name="assignments", db_index=False)
    # No plain index on member: with stale statistics the claim would walk all a member's rows by it.
    member = models.ForeignKey(Member, models.PROTECT, related_name="assignments", db_index=False)
    state = models.CharField(
        max_length=10, choices=AssignmentState.choices, default=AssignmentState.HELD.value
    )
    token = models.IntegerField(default=1)  # fencing: grows each time it is lent
    expires_at = models.DateTimeField()
    permutation: ArrayField[list[int], list[int]] = ArrayField(models.SmallIntegerField())
    # permutation[i] is the task's place that is shown as the i-th response (A = 0)
    rank = models.BigIntegerField(default=0, db_default=0)  # the task's when it was lent: from
    # there on the member's next one is looked for
    claimed_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    skip_reason = models.CharField(
        max_length=15, choices=SkipReason.choices, blank=True, db_default=""
    )
    skip_note = models.TextField(blank=True, db_default="")
    # Its skip made the task's overlap smaller by one, as the campaign's `requeue` was "nobody" then
    gave_up_place = models.BooleanField(default=False, db_default=False)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "member"], name="no_member_gets_a_task_twice"),
            models.CheckConstraint(
                condition=Among("state", AssignmentState.values), name="assignment_state_known"
            ),
            models.CheckConstraint(
                condition=Q(gave_up_place=False) | Q(state=AssignmentState.SKIPPED),
                name="only_a_skip_gives_its_place_up",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="assignment_leases",
                condition=Q(state=AssignmentState.HELD),
            ),
            models.Index(fields=["member", "campaign", "state", "id"], name="assignment_by_member"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} on {self.task_id} ({self.state})"


class Draft(models.Model):
    """Work not yet submitted, or that came after its lease was lost; nothing typed is thrown away."""

    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="draft")
    body: models.JSONField[dict[str, Any]] = models.JSONField()  # the body of a submit, unchecked
    late = models.BooleanField(default=False)
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Draft of {self.assignment_id}"

    @property
    def version(self) -> str:
        """Tells this state of it from every other."""
        return self.updated_at.isoformat()
