"""Amounts of money, exact: a rate is a Decimal, a sum a whole number of the smallest unit."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

# ISO 4217, the currencies that people are paid in
_ALL = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT
LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF
XPF YER ZAR ZMW ZWG
"""
_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_IN_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"

CURRENCIES = tuple(_ALL.split())
DIGITS = dict.fromkeys(_WHOLE.split(), 0) | dict.fromkeys(_IN_THOUSANDTHS.split(), 3)


def digits_of(currency: str) -> int:
    """How many digits follow the point: 2 for EUR, 0 for JPY, 3 for KWD."""
    return DIGITS.get(currency, 2)


def in_smallest_unit(amount: Decimal, currency: str) -> int:
    """Whole cents, yen, fils; half of one is rounded away from zero.

    >>> in_smallest_unit(Decimal("12.345"), "EUR"), in_smallest_unit(Decimal("12.5"), "JPY")
    (1235, 13)
    """
    return int(amount.scaleb(digits_of(currency)).to_integral_value(ROUND_HALF_UP))


def amount_of(smallest: int, currency: str) -> Decimal:
    """The inverse, with all its digits: 1230 of EUR is 12.30."""
    return Decimal(smallest).scaleb(-digits_of(currency))
