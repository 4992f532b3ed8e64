from __future__ import annotations

from typing import Any

from django.db import models

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import PayUnit
from evalhub.campaigns.models import Campaign
from evalhub.common.models import PublicModel


class PriceForecast(PublicModel):
    """What a lead was told a campaign would take, to be held against what came. Never changed."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="price_forecasts")
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    assumed: models.JSONField[dict[str, Any]] = models.JSONField()
    # price.Assumptions, with the `rate` and its `unit`; before there was one, an active hour
    judgments = models.PositiveBigIntegerField()
    hours = models.FloatField()
    hours_low = models.FloatField(null=True, blank=True)  # the real ones 9 times in 10
    hours_high = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.judgments} judgments in {self.hours:.1f} h"

    def cost_of(self, *, judgments: int, hours: float) -> float:
        """What so much work costs at the rate that the forecast goes by."""
        is_by_task = self.assumed.get("unit") == PayUnit.TASK
        return float(self.assumed["rate"]) * (judgments if is_by_task else hours)

    @property
    def cost(self) -> float:
        return self.cost_of(judgments=self.judgments, hours=self.hours)
