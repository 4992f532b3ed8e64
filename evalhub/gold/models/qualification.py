from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.models import PublicModel, one_of
from evalhub.gold.choices import AttemptState
from evalhub.judgments.models import Judgment

if TYPE_CHECKING:
    from evalhub.gold.models.gold import Appeal

_OF_TASK = (
    "campaign__workspace",
    "campaign__rubric_version__rubric",
    "campaign__guidelines",
    "prompt",
)
OF_JUDGMENT = (  # what its page shows
    "assignment",
    "workspace",
    "member",
    *(f"campaign__{name}" for name in ("rubric_version__rubric", "guidelines", "workspace")),
    *(f"task__{name}" for name in _OF_TASK),
)


class Qualification(PublicModel):
    """The gold of a campaign as a set to be passed; who passes has `word`, which campaigns ask for.

    Each who tries is given a copy of every gold, so that trying again is possible.
    """

    campaign = models.OneToOneField(Campaign, models.PROTECT, related_name="qualification")
    word = models.CharField(max_length=50)
    pass_mark = models.PositiveSmallIntegerField()  # percent of the set
    retry_days = models.PositiveSmallIntegerField(null=True, blank=True)
    # from a failed attempt to the next; None: a lead is to be asked

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(word=""), name="a_qualification_has_a_word"),
            models.CheckConstraint(
                condition=Q(pass_mark__gte=1, pass_mark__lte=100), name="pass_mark_within_100"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.word} at {self.pass_mark} %"


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def under_way(self) -> Self:
        return self.filter(state=AttemptState.UNDER_WAY)


class Attempt(PublicModel):
    """One try of a member. under_way -> passed | failed; failed -> passed, when a gold was wrong."""

    qualification = models.ForeignKey(Qualification, models.PROTECT, related_name="attempts")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=10, choices=AttemptState.choices, default=AttemptState.UNDER_WAY.value
    )
    right = models.PositiveSmallIntegerField(default=0)  # tasks passed
    asked = models.PositiveSmallIntegerField()  # tasks whose gold still stands
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("attempt_state_known", "state", AttemptState),
            models.UniqueConstraint(
                fields=["qualification", "member"],
                condition=Q(state=AttemptState.UNDER_WAY),
                name="one_attempt_under_way",
            ),
            models.CheckConstraint(
                condition=Q(state=AttemptState.UNDER_WAY) | Q(ended_at__isnull=False),
                name="an_attempt_ends_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} for {self.qualification_id}: {self.state}"

    @property
    def next_at(self) -> datetime | None:
        """When they may try again; None: not by themselves."""
        days = self.qualification.retry_days
        if self.ended_at is None or days is None:
            return None
        return self.ended_at + timedelta(days=days)


class AttemptTask(models.Model):
    """One task of an attempt: a copy of a gold, for that member alone."""

    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="tasks")
    task = models.OneToOneField(Task, models.PROTECT, related_name="attempt_task")
    gold = models.ForeignKey(Task, models.PROTECT, related_name="+")  # what it is a copy of
    passed = models.BooleanField(null=True, blank=True)  # None: not judged

    def __str__(self) -> str:
        return f"{self.task_id}: {self.passed}"

    @property
    def member(self) -> Member:
        return self.attempt.member

    @property
    def campaign(self) -> Campaign:
        return self.attempt.qualification.campaign

    @cached_property
    def judgment(self) -> Judgment | None:
        """The first word on it, which is what is scored."""
        rows = self.task.judgments.filter(supersedes=None, withdrawn_at=None, is_extra=False)
        return rows.select_related(*OF_JUDGMENT).order_by("pk").first()

    @property
    def is_withdrawn(self) -> bool:
        """Whether its gold was wrong: then it counts for nobody."""
        answer = getattr(self.gold, "expert_answer", None)
        return answer is None or answer.withdrawn_at is not None

    @property
    def counts_against(self) -> bool:
        """Once the attempt is over: before, nobody is told what they failed."""
        is_over = self.attempt.state != AttemptState.UNDER_WAY
        return is_over and self.passed is False and not self.is_withdrawn

    @property
    def own_appeal(self) -> Appeal | None:
        """None where nobody appealed; templates take no missing row."""
        return getattr(self, "appeal", None)
