"""What a judgment of a campaign earns, from when on."""

from __future__ import annotations

from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import CampaignState, PayUnit
from evalhub.campaigns.errors import UnfitPayRate
from evalhub.campaigns.models import Campaign, PayRate
from evalhub.common.errors import Conflict
from evalhub.common.money import CURRENCIES


@transaction.atomic
def set_pay_rate(
    *,
    campaign: Campaign,
    amount: Decimal,
    currency: str,
    unit: str,
    by: Member,
    from_the_start: bool = False,
) -> PayRate:
    """Pay this from now on; what was judged before keeps the rate that stood then.

    The campaign’s pilots that are not closed follow, unless they have a rate of their own.

    Args:
        from_the_start: of a campaign that never had a rate: for what was judged before, too.

    Raises:
        UnfitPayRate: a negative amount, no currency of ISO 4217, or no such unit; or
            `from_the_start` where judgments have a rate already.
        Conflict: somebody else set a rate at this very moment.
    """
    if amount < 0 or currency not in CURRENCIES or unit not in PayUnit.values:
        raise UnfitPayRate(_("A rate is an amount of a known currency, for a task or an hour."))
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # two leads: in turn
    if from_the_start and campaign.pay_rates.exists():
        raise UnfitPayRate(_("What was judged before has a rate, which stays."))
    try:
        with transaction.atomic():
            rate = PayRate.objects.create(
                campaign=campaign,
                amount=amount,
                currency=currency,
                unit=unit,
                since=campaign.created_at if from_the_start else timezone.now(),
                created_by=by,
            )
    except IntegrityError as error:
        raise Conflict(_("Somebody set a rate at this moment; look again.")) from error
    _pass_on(rate, by)
    record(
        "campaign.pay_rate_set",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"campaign {campaign.uid}",
        rate=f"{amount.normalize():f} {currency} / {unit}",
        since=rate.since.isoformat(),
    )
    return rate


def inherit_pay_rate(*, pilot: Campaign, by: Member) -> PayRate | None:
    """Pay a pilot as the campaign that it is for, from its first judgment; None: that pays nothing yet."""
    newest = _newest(pilot.pilot_of) if pilot.pilot_of else None
    return None if newest is None else _copy(newest, pilot, by, from_the_start=True)


def _pass_on(rate: PayRate, by: Member) -> None:
    before = rate.campaign.pay_rates.exclude(pk=rate.pk).first()
    for pilot in rate.campaign.pilots.exclude(state=CampaignState.CLOSED).order_by("pk"):
        own = _newest(pilot)
        if own is None:
            _copy(rate, pilot, by, from_the_start=True)
        elif before is not None and _is_same(own, before):
            _copy(rate, pilot, by, from_the_start=False)


def _copy(rate: PayRate, pilot: Campaign, by: Member, *, from_the_start: bool) -> PayRate:
    return set_pay_rate(
        campaign=pilot,
        amount=rate.amount,
        currency=rate.currency,
        unit=rate.unit,
        by=by,
        from_the_start=from_the_start,
    )


def _newest(campaign: Campaign) -> PayRate | None:
    return campaign.pay_rates.first()


def _is_same(one: PayRate, other: PayRate) -> bool:
    return (one.amount, one.currency, one.unit) == (other.amount, other.currency, other.unit)
