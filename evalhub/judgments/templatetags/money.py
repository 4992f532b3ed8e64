"""Amounts on pages: `{% load money %}`."""

from __future__ import annotations

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
