from __future__ import annotations

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import PayRate
from evalhub.common.models import PublicModel
from evalhub.judgments.models.judgment import Judgment


class PayRun(PublicModel):
    """Everything judged before `ends_at` that was not paid yet, as it stood when it was closed.

    Never changed. What turns out otherwise later (a judgment returned, or redone) is a correction
    in the next one.
    """

    workspace = models.ForeignKey(
        Workspace, models.PROTECT, related_name="pay_runs", db_index=False
    )
    begins_at = models.DateTimeField(null=True, blank=True)  # the end of the one before
    ends_at = models.DateTimeField()
    closed_by = models.ForeignKey(Member, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "ends_at"], name="one_pay_run_per_workspace_and_end"
            ),
            models.UniqueConstraint(
                fields=["workspace", "begins_at"],
                nulls_distinct=False,
                name="pay_runs_follow_each_other",
            ),
            models.CheckConstraint(
                condition=Q(begins_at=None) | Q(begins_at__lt=models.F("ends_at")),
                name="pay_run_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"Pay run to {self.ends_at:%Y-%m-%d %H:%M}"


class PayLine(models.Model):
    """What one member earned by one rate in a pay run; a correction may be below 0."""

    run = models.ForeignKey(PayRun, models.PROTECT, related_name="lines", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    rate = models.ForeignKey(PayRate, models.PROTECT, related_name="+")
    is_correction = models.BooleanField()  # of what was judged before the run begins
    judgments = models.IntegerField()
    untimed = models.IntegerField()  # of those
    active_ms = models.BigIntegerField()
    amount = models.BigIntegerField()  # in the smallest unit of the rate's currency

    class Meta:
        ordering = ["run", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "member", "rate", "is_correction"], name="one_pay_line_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.judgments} at {self.rate_id}"


class PaidJudgment(models.Model):
    """A pay run pays for this judgment (+1), or takes back what one before it paid (-1)."""

    run = models.ForeignKey(PayRun, models.PROTECT, related_name="+", db_index=False)
    judgment = models.ForeignKey(Judgment, models.PROTECT, related_name="+")
    sign = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "judgment"], name="one_pay_run_pays_a_judgment_once"
            ),
            models.CheckConstraint(condition=Q(sign__in=[1, -1]), name="paid_or_taken_back"),
        ]

    def __str__(self) -> str:
        return f"{self.sign:+d} for {self.judgment_id} in {self.run_id}"
