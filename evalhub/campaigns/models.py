from __future__ import annotations

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.choices import (
    PREFERENCE_STEPS,
    Ask,
    AssignmentState,
    CampaignState,
    FlagKind,
    Origin,
    SkipReason,
    TaskKind,
    TaskType,
)
from evalhub.common.models import PublicModel, one_of
from evalhub.prompts.models import Completion, Prompt
from evalhub.rubrics.models import RubricVersion

PRIORITY_STEP = 2**40  # rank = (9 - priority) * PRIORITY_STEP + a random number below it
HIGHEST_PRIORITY = 9


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def of_workspace(self, workspace: Workspace) -> Self:
        return self.filter(workspace=workspace)

    def open(self) -> Self:
        return self.filter(state=CampaignState.OPEN)


class Campaign(PublicModel):
    """Tasks for people: one rubric version, a task type, an overlap.

    draft -> open <-> paused;  draft | open | paused -> closed
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="campaigns")
    title = models.CharField(max_length=150)
    rubric_version = models.ForeignKey(RubricVersion, models.PROTECT, related_name="campaigns")
    type = models.CharField(max_length=15, choices=TaskType.choices)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.PEOPLE.value)
    state = models.CharField(
        max_length=10, choices=CampaignState.choices, default=CampaignState.DRAFT.value
    )
    overlap = models.PositiveSmallIntegerField(default=1)  # judgments wanted per task (k)
    hand_size = models.PositiveSmallIntegerField(default=2)
    lease_minutes = models.PositiveSmallIntegerField(default=30)
    asks: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=12, choices=Ask.choices), default=list, blank=True
    )
    preference_steps = models.PositiveSmallIntegerField(default=5)
    masks_identity = models.BooleanField(default=False)  # "I am GPT…" is hidden on display
    allows_revision = models.BooleanField(default=True)  # may one reopen what one submitted?
    content_warning = models.TextField(blank=True)  # then responses are blurred until clicked
    guidelines = models.ForeignKey(
        "Guidelines", models.PROTECT, null=True, blank=True, related_name="+"
    )  # the newest; whoever judges has read and accepted it
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(overlap__gte=1), name="campaign_overlap_positive"),
            models.CheckConstraint(condition=Q(hand_size__gte=1), name="campaign_hand_positive"),
            models.CheckConstraint(
                condition=Q(preference_steps__in=PREFERENCE_STEPS),
                name="campaign_preference_steps_known",
            ),
            models.CheckConstraint(
                condition=Q(asks__contained_by=Ask.values), name="campaign_asks_known"
            ),
            one_of("campaign_state_known", "state", CampaignState),
            one_of("campaign_type_known", "type", TaskType),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def rates(self) -> bool:
        """Whether the rubric is answered: for each response, or for the prompt of a label task."""
        return self.type in (TaskType.RATING, TaskType.LABEL) or Ask.RATINGS in self.asks


class Guidelines(PublicModel):
    """One version of what people read and accept before they judge. Frozen; a change is a new one."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="guidelines_versions")
    number = models.PositiveIntegerField()
    content = models.TextField(blank=True)  # Markdown
    consent = models.TextField(blank=True)  # what people agree to, where they must
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["campaign", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "number"], name="one_row_per_guidelines_version"
            ),
            models.CheckConstraint(
                condition=~Q(content="") | ~Q(consent=""), name="guidelines_say_something"
            ),
        ]

    def __str__(self) -> str:
        return f"Guidelines {self.number} of {self.campaign_id}"


class Acceptance(models.Model):
    """A member has read and accepted these guidelines."""

    guidelines = models.ForeignKey(Guidelines, models.PROTECT, related_name="acceptances")
    member = models.ForeignKey(Member, models.PROTECT, db_index=False)
    accepted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "guidelines"], name="guidelines_accepted_once_by_member"
            )
        ]

    def __str__(self) -> str:
        return f"{self.member_id} accepted {self.guidelines_id}"


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
    rank = models.BigIntegerField()  # claimed in this order; see PRIORITY_STEP
    overlap = models.PositiveSmallIntegerField()
    open_places = models.PositiveSmallIntegerField()
    judged = models.PositiveSmallIntegerField(default=0)  # judgments that count towards overlap
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
        ]
        indexes = [
            models.Index(
                fields=["campaign", "rank"], name="task_open", condition=Q(open_places__gt=0)
            ),
            models.Index(fields=["campaign", "id"], name="task_by_campaign"),
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


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def held(self) -> Self:
        return self.filter(state=AssignmentState.HELD)

    def of_member(self, member: Member) -> Self:
        return self.filter(member=member)

    def run_out(self) -> Self:
        return self.held().filter(expires_at__lt=timezone.now())


class Assignment(PublicModel):
    """A lease on a task for one member.

    held -> submitted | released | skipped | expired;  released | expired -> held (a new token)
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="assignments")
    task = models.ForeignKey(Task, models.PROTECT, related_name="assignments", db_index=False)
    # No plain index on member: with stale statistics the claim would walk all a member's rows by it.
    member = models.ForeignKey(Member, models.PROTECT, related_name="assignments", db_index=False)
    state = models.CharField(
        max_length=10, choices=AssignmentState.choices, default=AssignmentState.HELD.value
    )
    token = models.PositiveIntegerField(default=1)  # fencing: grows each time it is lent
    expires_at = models.DateTimeField()
    permutation: ArrayField[list[int], list[int]] = ArrayField(models.SmallIntegerField())
    # permutation[i] is the task's place that is shown as the i-th response (A = 0)
    claimed_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    skip_reason = models.CharField(
        max_length=15, choices=SkipReason.choices, blank=True, db_default=""
    )
    skip_note = models.TextField(blank=True, db_default="")

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "member"], name="no_member_gets_a_task_twice"),
            one_of("assignment_state_known", "state", AssignmentState),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="assignment_leases",
                condition=Q(state=AssignmentState.HELD),
            ),
            models.Index(fields=["member", "campaign", "state"], name="assignment_by_member"),
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


class FlagQuerySet(models.QuerySet["Flag"]):
    def open(self) -> Self:
        return self.filter(answered_at=None)

    def of_campaign(self, campaign: Campaign) -> Self:
        return self.filter(campaign=campaign)


class Flag(PublicModel):
    """Something about a task that the leads should see, or a question to them.

    open -> answered
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="flags")
    task = models.ForeignKey(Task, models.PROTECT, related_name="flags")
    member = models.ForeignKey(Member, models.PROTECT, related_name="flags")
    kind = models.CharField(max_length=20, choices=FlagKind.choices)
    text = models.TextField(blank=True)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = FlagQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "member", "kind"],
                condition=Q(answered_at=None),
                name="one_open_flag_per_task_member_and_kind",
            ),
            models.CheckConstraint(
                condition=~Q(kind=FlagKind.QUESTION) | ~Q(text=""), name="a_question_has_words"
            ),
            one_of("flag_kind_known", "kind", FlagKind),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.task_id}"
