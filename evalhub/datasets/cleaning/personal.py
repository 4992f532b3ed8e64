"""Personal data and secrets, by patterns and their check digits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import NamedTuple

_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:.{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
    r"|\b(?:sk-(?:[a-z]+-)?[\w-]{20,200}|AKIA[0-9A-Z]{16}|gh[pousr]_\w{36,250}|github_pat_\w{40,250}"
    r"|xox[abprs]-[\w-]{10,200}|AIza[\w-]{35}|hf_[A-Za-z]{30,60}|glpat-[\w-]{20,60}"
    r"|eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000})",
    re.ASCII | re.DOTALL,
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[^\W\d_]{2,20}\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<![\w.])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w.]?\d)")
_PHONE = re.compile(
    r"(?<![\w.,/:-])(?:"
    r"(?:\+|00)[1-9]\d{0,2}[ ./-]?(?:\(0?\d{0,4}\)[ ./-]?)?\d(?:[ ./-]?\d){5,12}"
    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[-.]\d{3}[-.]\d{4}"
    r"|0[1-9]\d{1,4}[ /-]{1,3}\d(?:[ -]?\d){4,9}"
    r")(?![\w-]?\d)"
)
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]?\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")


class Personal(NamedTuple):
    """What a text holds: never the data, only how often each kind. `text` has it masked."""

    text: str
    kinds: dict[str, int]


def find_personal(text: str) -> Personal:
    """E-mail, phone, card (Luhn), IBAN (mod 97), public IP addresses and keys, each as ⟨kind⟩."""
    kinds: dict[str, int] = {}
    for kind, pattern, is_one in _asked(text):
        text = pattern.sub(_mask(kind, is_one, kinds), text)
    return Personal(text, kinds)


Check = Callable[[str], bool]


def _asked(text: str) -> Iterator[tuple[str, re.Pattern[str], Check]]:
    """Kinds that can stand in the text at all, by a sign that each of them needs."""
    has_digit = _DIGIT.search(text) is not None
    if "-" in text or "_" in text or has_digit:
        yield "key", _KEY, _always
    if "@" in text:
        yield "e-mail", _EMAIL, _always
    if _MANY_DIGITS.search(text):
        yield "IBAN", _IBAN, is_iban
        yield "card", _CARD, is_card
        yield "phone", _PHONE, _is_phone
    if has_digit and "." in text:
        yield "IP address", _IPV4, _is_public
    if ":" in text:
        yield "IP address", _IPV6, _is_public


_DIGIT = re.compile(r"\d")
_MANY_DIGITS = re.compile(r"\d(?:[ ()./A-Z-]{0,3}\d){6}")


def _mask(kind: str, is_one: Check, kinds: dict[str, int]) -> Callable[[re.Match[str]], str]:
    def masked(found: re.Match[str]) -> str:
        if not is_one(found[0]):
            return found[0]
        kinds[kind] = kinds.get(kind, 0) + 1
        return f"⟨{kind}⟩"

    return masked


def _always(_: str) -> bool:
    return True


def is_card(text: str) -> bool:
    """By Luhn's sum: from the right every second digit doubled, 9 off what is above it; ends in 0."""
    digits = [int(each) for each in text if each.isdecimal()]
    doubled = [2 * each - 9 * (each > 4) for each in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """ISO 13616: the first four signs behind the rest, letters as 10 to 35, leave 1 by 97."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4])) % 97 == 1


def _is_phone(text: str) -> bool:
    return 7 <= sum(each.isdecimal() for each in text) <= 15


def _is_public(text: str) -> bool:
    try:
        return ip_address(text).is_global
    except ValueError:
        return False
