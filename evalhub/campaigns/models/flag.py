from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import FlagKind
from evalhub.campaigns.models.campaign import Campaign
from evalhub.campaigns.models.task import Task
from evalhub.common.models import PublicModel, one_of


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
