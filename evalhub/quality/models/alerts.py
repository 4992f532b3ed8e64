from __future__ import annotations

from django.db import models

from evalhub.campaigns.models import Campaign
from evalhub.common.models import PublicModel, one_of
from evalhub.quality.choices import Measure


class AlertRule(PublicModel):
    """Tell the leads when a figure of a campaign crosses a bound; once for each time it does."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="alert_rules")
    measure = models.CharField(max_length=10, choices=Measure.choices)
    bound = models.FloatField()
    value = models.FloatField(null=True, blank=True)  # when last looked at; None: too little to say
    looked_at = models.DateTimeField(null=True, blank=True)
    fired_at = models.DateTimeField(null=True, blank=True)  # None: on the right side

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "measure"], name="one_rule_per_campaign_and_measure"
            ),
            one_of("alert_measure_known", "measure", Measure),
        ]

    def __str__(self) -> str:
        return f"{self.get_measure_display()} {self.bound:g}"
