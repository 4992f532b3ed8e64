from __future__ import annotations

from django.db import models

from evalhub.accounts.models import Member
from evalhub.campaigns.models.campaign import Campaign
from evalhub.rubrics.models import RubricVersion


class WordingHalf(models.Model):
    """Which of two wordings of the rubric a member is shown in a campaign; it never moves."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="halves", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(RubricVersion, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "member"], name="one_wording_per_member_and_campaign"
            )
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.campaign_id}: {self.version_id}"
