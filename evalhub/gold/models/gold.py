from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.models import PublicModel, one_of
from evalhub.gold.choices import AppealState, DrawKind
from evalhub.judgments.models import Judgment

if TYPE_CHECKING:
    from evalhub.gold.models.qualification import AttemptTask


class GoldPlan(models.Model):
    """How a campaign mixes gold and repeats in: drawn for each person after tasks that they judge.

    Without one, or with a share of 0, gold is claimed like any other task and nothing is repeated.
    """

    campaign = models.OneToOneField(Campaign, models.PROTECT, related_name="gold_plan")
    share = models.PositiveSmallIntegerField(default=0)  # percent of a person's tasks
    exposure = models.PositiveSmallIntegerField(null=True, blank=True)
    # most people who are shown one gold; None: as many as there are
    repeat_share = models.PositiveSmallIntegerField(default=0)  # percent of what a person judges
    repeat_hours = models.PositiveSmallIntegerField(default=24)  # from then to the second time

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(share__lte=50), name="gold_share_within_50"),
            models.CheckConstraint(condition=Q(repeat_share__lte=50), name="repeats_within_50"),
            models.CheckConstraint(condition=Q(exposure__gte=1), name="gold_exposure_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.share} % gold in {self.campaign_id}"


class Draw(models.Model):
    """What was kept for somebody after a judgment of theirs; one judgment draws once of each kind."""

    judgment = models.ForeignKey(Judgment, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=DrawKind.choices)
    task = models.ForeignKey(Task, models.PROTECT, related_name="+")
    is_swapped = models.BooleanField(
        null=True
    )  # of a pair's or a ranking's repeat: shown the other way round

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["judgment", "kind"], name="drawn_once_of_each_kind"),
            one_of("draw_kind_known", "kind", DrawKind),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.task_id} after {self.judgment_id}"


class GoldVerdictQuerySet(models.QuerySet["GoldVerdict"]):
    def standing(self) -> Self:
        """Those whose gold was not withdrawn: what pass rates are made of."""
        return self.filter(withdrawn_at=None)

    def of_member(self, member: Member) -> Self:
        return self.filter(member=member)


class GoldVerdict(PublicModel):
    """Whether somebody's first judgment of a gold passed; see gold/rule.py.

    `checks` says of each question that counts: its field, what was said, and whether it passed.
    stands -> withdrawn, with its gold.
    """

    judgment = models.OneToOneField(Judgment, models.PROTECT, related_name="gold_verdict")
    task = models.ForeignKey(Task, models.PROTECT, related_name="gold_verdicts", db_index=False)
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    passed = models.BooleanField()
    checks: models.JSONField[list[dict[str, Any]]] = models.JSONField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = GoldVerdictQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["member", "-id"], name="gold_verdict_by_member"),
            models.Index(fields=["task", "id"], name="gold_verdict_by_task"),
            models.Index(fields=["campaign", "member"], name="gold_verdict_by_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.judgment_id}: {'passed' if self.passed else 'failed'}"

    @property
    def gold(self) -> Task:
        return self.task

    @property
    def counts_against(self) -> bool:
        return not self.passed and self.withdrawn_at is None

    @property
    def right(self) -> int:
        return sum(check["passed"] for check in self.checks)

    @property
    def own_appeal(self) -> Appeal | None:
        """None where nobody appealed; templates take no missing row."""
        return getattr(self, "appeal", None)


class AppealQuerySet(models.QuerySet["Appeal"]):
    def waiting(self) -> Self:
        return self.filter(state=AppealState.WAITING)

    def of_workspace(self, workspace: Workspace) -> Self:
        return self.filter(
            Q(verdict__campaign__workspace=workspace) | Q(part__task__campaign__workspace=workspace)
        )

    def of_campaign(self, campaign: Campaign) -> Self:
        return self.filter(Q(verdict__campaign=campaign) | Q(part__task__campaign=campaign))


class Appeal(PublicModel):
    """Somebody says that a gold which they failed is wrong: among their tasks, or in an exam.

    waiting -> upheld (the gold is withdrawn, for everybody) | refused (with a reason)
    """

    verdict = models.OneToOneField(
        GoldVerdict, models.PROTECT, null=True, blank=True, related_name="appeal"
    )
    part = models.OneToOneField(
        "gold.AttemptTask", models.PROTECT, null=True, blank=True, related_name="appeal"
    )  # of an exam
    reason = models.TextField()
    state = models.CharField(
        max_length=10, choices=AppealState.choices, default=AppealState.WAITING.value
    )
    decided_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("appeal_state_known", "state", AppealState),
            models.CheckConstraint(
                condition=Q(verdict__isnull=False, part=None) | Q(verdict=None, part__isnull=False),
                name="an_appeal_is_against_one_thing",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="an_appeal_says_why"),
            models.CheckConstraint(
                condition=~Q(state=AppealState.REFUSED) | ~Q(answer=""), name="a_refusal_says_why"
            ),
            models.CheckConstraint(
                condition=Q(state=AppealState.WAITING)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="a_decision_is_somebodys",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], name="appeal_waiting", condition=Q(state=AppealState.WAITING)
            )
        ]

    def __str__(self) -> str:
        return f"Appeal against {self.verdict_id or self.part_id}: {self.state}"

    @property
    def against(self) -> GoldVerdict | AttemptTask:
        found = self.verdict or self.part
        if found is None:
            raise ValueError("the database keeps that there is one")
        return found
