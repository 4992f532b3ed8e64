from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import PayUnit
from evalhub.campaigns.models.campaign import Campaign
from evalhub.common.models import PublicModel, one_of


class PayRate(PublicModel):
    """What a judgment earned that was submitted from `since` on, until the next rate.

    Never changed: another rate is another row, so what was earned before stays as it was.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="pay_rates", db_index=False)
    unit = models.CharField(max_length=5, choices=PayUnit.choices)
    amount = models.DecimalField(max_digits=12, decimal_places=4)  # 0: no pay from then on
    currency = models.CharField(max_length=3)  # ISO 4217
    since = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-since", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "since"], name="one_pay_rate_at_a_time"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="pay_rate_not_negative"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="currency_has_three_letters"
            ),
            one_of("pay_unit_known", "unit", PayUnit),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} per {self.unit}"
