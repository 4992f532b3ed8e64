"""Amounts on pages: `{% load money %}`."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.formats import number_format

from evalhub.common.money import amount_of, digits_of

register = template.Library()


@register.filter
def money(smallest: int, currency: str) -> str:
    """ "12.30 EUR", of what is kept as 1230 of EUR."""
    amount = amount_of(smallest, currency)
    written = number_format(amount, decimal_pos=digits_of(currency), force_grouping=True)
    return f"{written} {currency}"


@register.filter
def about(amount: float, currency: str) -> str:
    """A sum that nobody knows to the cent: "1,234 EUR", and below a hundred "12.30 EUR"."""
    digits = 0 if amount >= 100 else digits_of(currency)
    return f"{number_format(amount, decimal_pos=digits, force_grouping=True)} {currency}".rstrip()


@register.filter
def exact(amount: Decimal) -> str:
    """A rate with as many digits as it needs: 0.25, 20, 0.125."""
    return number_format(f"{amount.normalize():f}", force_grouping=True)
