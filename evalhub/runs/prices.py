from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.money import CURRENCIES
from evalhub.runs.errors import BadPrice
from evalhub.runs.models import DevicePrice


@transaction.atomic
def set_device_price(*, amount: Decimal, currency: str, by: Member) -> DevicePrice:
    """Reckon every run of the workspace by this price an hour, those that were made before as well.

    Raises:
        BadPrice: a negative amount, or no currency of ISO 4217.
    """
    if not (amount.is_finite() and 0 <= amount < 10**8) or currency not in CURRENCIES:
        raise BadPrice(
            "A price is an amount of a known currency, such as 2.50 EUR, and not negative."
        )
    price, _made = DevicePrice.objects.update_or_create(
        workspace=by.workspace, defaults={"amount": amount, "currency": currency}
    )
    record(
        "run.device_price_set",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target="device price",
        price=str(price),
    )
    return price
