from __future__ import annotations

from dataclasses import asdict

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import PriceForecast
from evalhub.judgments.price import Assumptions, Bill


@transaction.atomic
def keep_forecast(
    *, campaign: Campaign, assumed: Assumptions, told: Bill, by: Member
) -> PriceForecast:
    """Write down what was foretold, so that it can be held against what comes."""
    kept = PriceForecast.objects.create(
        campaign=campaign,
        created_by=by,
        assumed=asdict(assumed) | {"rate": told.rate.amount, "unit": told.rate.unit},
        judgments=told.judgments,
        hours=told.hours,
        hours_low=told.hours_low,
        hours_high=told.hours_high,
    )
    record(
        "campaign.price_kept",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"campaign {campaign.uid}",
        judgments=told.judgments,
        hours=round(told.hours, 2),
    )
    return kept
