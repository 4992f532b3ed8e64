from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.canonical import digest_of
from evalhub.common.models import PublicModel
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Prompt

PREVIEW = "quality.preview_exclusion"  # kind of its job


class Exclusion(PublicModel):
    """From `created_at` to `lifted_at` nothing that a member said in a campaign counts.

    What they said stays as it is; whatever reads judgments as they were at some moment applies the
    exclusions of that moment.
    """

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="exclusions", db_index=False
    )
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    reason = models.TextField()
    excluded_by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    quota = models.PositiveIntegerField(null=True, blank=True)  # see `open_share`
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "member"],
                condition=Q(lifted_at=None),
                name="one_exclusion_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="somebody_lifts_an_exclusion",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.campaign_id}"


class ExclusionPreview(PublicModel):
    """What leaving somebody out would change, as its job worked it out; each asking adds a row."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    body: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    made_at = models.DateTimeField(null=True, blank=True)  # None: the job has not ended well

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["campaign", "member", "-id"], name="preview_newest")]

    def __str__(self) -> str:
        return f"{self.campaign_id} without {self.member_id}"

    @property
    def digest(self) -> str | None:
        """Names what was shown, so that nobody decides by an older one; None: it is not worked out."""
        if self.made_at is None:
            return None
        return digest_of({"preview": str(self.uid), "body": self.body})


def excluded(*, at: datetime | None = None) -> Exists:
    """Of a query set of judgments: whose author was excluded from their campaign, now or `at`."""
    rows = Exclusion.objects.filter(campaign=OuterRef("campaign"), member=OuterRef("member"))
    if at is None:
        return Exists(rows.filter(lifted_at=None))
    return Exists(rows.filter(Q(lifted_at=None) | Q(lifted_at__gt=at), created_at__lte=at))


class Withdrawal(PublicModel):
    """From `created_at` until it is reinstated nothing of what it names enters a snapshot or a build.

    It names one judgment, all that was said about a prompt, or all that a member says. What was
    said stays as it is, and so do snapshots and builds from before. Never changed.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="withdrawals")
    judgment = models.ForeignKey(
        Judgment, models.PROTECT, null=True, blank=True, related_name="withdrawals"
    )
    prompt = models.ForeignKey(
        Prompt, models.PROTECT, null=True, blank=True, related_name="withdrawals"
    )
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="withdrawals"
    )
    reason = models.TextField()
    withdrawn_by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    effect: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)  # as it was shown

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="a_withdrawal_says_why"),
            models.CheckConstraint(
                condition=Q(judgment__isnull=False, prompt=None, member=None)
                | Q(judgment=None, prompt__isnull=False, member=None)
                | Q(judgment=None, prompt=None, member__isnull=False),
                name="a_withdrawal_names_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"Withdrawal of a {self.kind}"

    @property
    def kind(self) -> str:
        return next(
            name for name in ("judgment", "prompt", "member") if getattr(self, f"{name}_id")
        )

    @property
    def subject(self) -> Judgment | Prompt | Member:
        found: Judgment | Prompt | Member = getattr(self, self.kind)
        return found

    @property
    def taken_back(self) -> Reinstatement | None:
        """None while it stands; templates take no missing row."""
        return getattr(self, "reinstatement", None)


class Reinstatement(PublicModel):
    """The decision that what was withdrawn counts again, from `created_at` on."""

    withdrawal = models.OneToOneField(Withdrawal, models.PROTECT, related_name="reinstatement")
    reason = models.TextField()
    reinstated_by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="a_reinstatement_says_why")
        ]

    def __str__(self) -> str:
        return f"Reinstatement after {self.withdrawal_id}"


def withdrawn(*, at: datetime | None = None) -> Q:
    """Of a query set of judgments: what is withdrawn from data, now or `at`.

    Lists of keys that are read once, not a look for each row.
    """
    rows = Withdrawal.objects.filter(reinstatement=None)
    if at is not None:
        again = Q(reinstatement=None) | Q(reinstatement__created_at__gt=at)
        rows = Withdrawal.objects.filter(again, created_at__lte=at)
    tasks = Task.objects.filter(prompt__in=rows.exclude(prompt=None).order_by().values("prompt"))
    return (
        Q(pk__in=rows.exclude(judgment=None).order_by().values("judgment"))
        | Q(member__in=rows.exclude(member=None).order_by().values("member"))
        | Q(task__in=tasks.order_by().values("pk"))
    )
