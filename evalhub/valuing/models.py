from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.models import PublicModel, one_of
from evalhub.valuing.choices import Aim


class Valuation(PublicModel):
    """A campaign that asks first what is likeliest to change a decision, and how it went last.

    figures: {"judgments", "tasks", "beyond", "gain", "pairs": {"n", "wrong"}, "orders": [{"better",
    "worse", "slice", "wrong"}]}, and of ratings instead of pairs "rows": {"n", "wrong", "threshold"}; see
    `jobs.value_tasks`. Empty until it was done once.
    """

    campaign = models.OneToOneField(Campaign, models.PROTECT, related_name="valuation")
    aim = models.CharField(max_length=10, choices=Aim.choices, default=Aim.BOTH.value)
    by_lot = models.PositiveSmallIntegerField(
        default=20
    )  # percent of the tasks, for figures of all
    threshold = models.FloatField(default=4.0, db_default=4.0)
    # points of 1 to 5 from which a rated answer is good enough for a dataset
    every = models.PositiveIntegerField(default=50)  # judgments, after which tasks are valued anew
    is_on = models.BooleanField(default=True)
    turn = models.PositiveIntegerField(default=0)  # how often it was done
    last_judgment = models.BigIntegerField(default=0)  # key of the newest that was known
    figures: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    valued_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("valuation_aim_known", "aim", Aim),
            models.CheckConstraint(
                condition=Q(by_lot__gte=5, by_lot__lte=100), name="by_lot_5_to_100_percent"
            ),
            models.CheckConstraint(condition=Q(every__gte=10), name="valued_after_10_at_least"),
            models.CheckConstraint(
                condition=Q(threshold__gte=1, threshold__lte=5), name="threshold_1_to_5_points"
            ),
        ]

    def __str__(self) -> str:
        return f"decision value of {self.campaign}"


class ValuedTask(models.Model):
    """A task that was valued: drawn by lot, once and for good, or by what its judgment is worth.

    worth: by how many decisions, weighed, that are right it was expected to help when its turn came.
    """

    valuation = models.ForeignKey(Valuation, models.PROTECT, related_name="tasks", db_index=False)
    task = models.OneToOneField(Task, models.PROTECT, related_name="valued")
    by_lot = models.BooleanField()
    worth = models.FloatField(null=True, blank=True)  # None: by lot
    place = models.PositiveIntegerField()  # among those valued last, from 0

    class Meta:
        ordering = ["valuation", "place"]
        indexes = [models.Index(fields=["valuation", "place"], name="valued_in_order")]

    def __str__(self) -> str:
        return f"{self.place}: {self.task_id}"
