from __future__ import annotations

from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.choices import (
    PREFERENCE_STEPS,
    Ask,
    CampaignState,
    Origin,
    Requeue,
    TaskOrder,
    TaskType,
)
from evalhub.common.canonical import sha256_of
from evalhub.common.models import PublicModel, one_of
from evalhub.rubrics.models import RubricVersion


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
    second_version = models.ForeignKey(
        RubricVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )  # another wording, shown to a random half; see WordingHalf
    type = models.CharField(max_length=15, choices=TaskType.choices)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.PEOPLE.value)
    state = models.CharField(
        max_length=10, choices=CampaignState.choices, default=CampaignState.DRAFT.value
    )
    overlap = models.PositiveSmallIntegerField(default=1)  # judgments wanted per task (k)
    hand_size = models.PositiveSmallIntegerField(default=20)
    # tasks that one person holds at once: the page goes on with them when the network is gone
    lease_minutes = models.PositiveSmallIntegerField(default=30)
    asks: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=12, choices=Ask.choices), default=list, blank=True
    )
    preference_steps = models.PositiveSmallIntegerField(default=5)
    masks_identity = models.BooleanField(default=False)  # "I am GPT…" is hidden on display
    allows_revision = models.BooleanField(default=True)  # may one reopen what one submitted?
    allows_extra = models.BooleanField(default=False)
    # may work whose place is gone be submitted all the same, apart from k?
    content_warning = models.TextField(blank=True)  # then responses are blurred until clicked
    guidelines = models.ForeignKey(
        "Guidelines", models.PROTECT, null=True, blank=True, related_name="+"
    )  # the newest; whoever judges has read and accepted it
    task_order = models.CharField(
        max_length=10, choices=TaskOrder.choices, default=TaskOrder.PRIORITY.value
    )
    requeue = models.CharField(max_length=10, choices=Requeue.choices, default=Requeue.OTHERS.value)
    most_overlap = models.PositiveSmallIntegerField(null=True, blank=True)
    # how far a task's overlap may grow while its judgments disagree; None: not at all
    max_share = models.PositiveSmallIntegerField(null=True, blank=True)
    # of all its judgments, how many percent one member may give; see MemberShare
    review_share = models.PositiveSmallIntegerField(default=0, db_default=0)
    # how many percent of each person's judgments a reviewer looks at
    # Who may judge: a member who speaks one of the languages, is in one of the groups, has all of
    # the qualifications and is one of the people; an empty list asks for nothing
    languages: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=50), default=list, blank=True, db_default=[]
    )
    groups: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=50), default=list, blank=True, db_default=[]
    )
    qualifications: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=50), default=list, blank=True, db_default=[]
    )
    # Keys of members, and no table between: each submit asks, and members are never deleted.
    people: ArrayField[list[int], list[int]] = ArrayField(
        models.BigIntegerField(), default=list, blank=True, db_default=[]
    )
    pilot_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="pilots"
    )  # tried out there, by a few; its judgments are no part of that campaign
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)  # by itself; see close_overdue
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
            models.CheckConstraint(
                condition=Q(max_share__gte=1, max_share__lte=100), name="share_between_1_and_100"
            ),
            models.CheckConstraint(
                condition=Q(review_share__lte=100), name="review_share_within_100"
            ),
            models.CheckConstraint(
                condition=Q(most_overlap__gte=F("overlap")), name="overlap_only_grows"
            ),
            one_of("campaign_order_known", "task_order", TaskOrder),
            one_of("campaign_requeue_known", "requeue", Requeue),
            one_of("campaign_state_known", "state", CampaignState),
            one_of("campaign_type_known", "type", TaskType),
        ]

    def __str__(self) -> str:
        return self.title

    def wording_drawn_for(self, member: UUID) -> int:
        """The key of the wording that the member's half is shown, as long as two are tried."""
        digest = sha256_of(f"wording:{self.uid}:{member}")
        is_second = int(digest[:8], 16) % 2 == 1
        second = self.second_version_id
        return second if is_second and second is not None else self.rubric_version_id

    @property
    def rates(self) -> bool:
        """Whether the rubric is answered: for each response, or for the prompt of a label task."""
        return self.type in (TaskType.RATING, TaskType.LABEL) or Ask.RATINGS in self.asks


class TaskCount(models.Model):
    """What a campaign's tasks come to, for one with too many to add up on each page; see count_large."""

    campaign = models.OneToOneField(Campaign, models.PROTECT, related_name="task_count")
    tasks = models.PositiveIntegerField()
    wanted = models.PositiveBigIntegerField()
    done = models.PositiveBigIntegerField()
    waiting = models.PositiveBigIntegerField()
    shared = models.PositiveBigIntegerField(default=0, db_default=0)  # of these: for whoever comes
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.done} of {self.wanted} at {self.counted_at:%H:%M:%S}"


class MemberShare(models.Model):
    """How much one member has of a campaign that bounds it: what they hold and submitted."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="shares", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    taken = models.PositiveIntegerField(default=0)
    most = models.PositiveIntegerField()
    is_fixed = models.BooleanField(default=False, db_default=False)
    # this member's alone, whatever the campaign's `max_share` says

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "campaign"], name="one_share_per_member_and_campaign"
            ),
            models.CheckConstraint(
                condition=Q(taken__lte=F("most")), name="nobody_over_their_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.campaign_id}: {self.taken} of {self.most}"

    def is_reached(self) -> bool:
        self.refresh_from_db(fields=["taken", "most"])
        return self.taken >= self.most


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
