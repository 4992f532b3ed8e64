"""Personal data and secrets in a text: where they stand, and the text without them.

What has a check is checked (Luhn, IBAN's modulo 97, the ranges of an address), so that order numbers
and dates stay. Names of people are not found: no pattern tells them. (Cleaning of a build can ask
Presidio for those: datasets.cleaning.entities.) Every pattern is bounded, so a
hostile text costs time in proportion to its length.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Kind = Literal["key", "email", "iban", "card", "ip", "phone"]
KINDS: tuple[Kind, ...] = get_args(Kind)  # where two overlap, the earlier one counts
OWN = "masked"  # of words and patterns that somebody gave


class Found(NamedTuple):
    kind: str  # one of KINDS, OWN, or what another detector calls it, in small letters
    start: int
    end: int


@dataclass(frozen=True)
class Masked:
    text: str
    places: list[Found]  # of the words that stand for the finds, in `text`

    @property
    def counts(self) -> Counter[str]:
        return Counter(each.kind for each in self.places)


def find_personal_data(
    text: str, kinds: Collection[Kind] = KINDS, *, own: re.Pattern[str] | None = None
) -> list[Found]:
    """What stands where, in the order of the text; no two overlap.

    Args:
        own: what somebody looks for besides, before all kinds; its finds are of the kind OWN.

    >>> find_personal_data("write to a@b.org")
    [Found(kind='email', start=9, end=16)]
    """
    taken = bytearray(len(text))
    found = []
    finders = [(kind, _FINDERS[kind]) for kind in KINDS if kind in kinds]
    for kind, spans in [*([(OWN, _plain(own))] if own else []), *finders]:
        for start, end in spans(text):
            if not any(taken[start:end]):
                taken[start:end] = b"\x01" * (end - start)
                found.append(Found(kind, start, end))
    return sorted(found, key=lambda each: each.start)


def mask_personal_data(
    text: str, kinds: Collection[Kind] = KINDS, *, own: re.Pattern[str] | None = None
) -> Masked:
    """The text with the word for its kind in place of each find.

    >>> mask_personal_data("write to a@b.org").text
    'write to [EMAIL]'
    """
    return masked(text, find_personal_data(text, kinds, own=own))


def masked(text: str, found: Sequence[Found]) -> Masked:
    """The text with a word in place of each find.

    Args:
        found: in the order of the text; no two overlap.
    """
    pieces, places, at, length = [], [], 0, 0
    for each in found:
        before, word = text[at : each.start], f"[{each.kind.upper()}]"
        pieces += [before, word]
        places.append(Found(each.kind, length + len(before), length + len(before) + len(word)))
        at, length = each.end, places[-1].end
    return Masked("".join([*pieces, text[at:]]), places)


Span = tuple[int, int]

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![^\W_]|-)")
_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]|-(?!----)){1,20000}+"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
    r"|(?<![\w-])(?:"
    r"(?:sk|pk|rk)[-_][\w-]{20,200}+"
    r"|AKIA[0-9A-Z]{16}"
    r"|AIza[\w-]{35}"
    r"|gh[pousr]_[A-Za-z0-9]{36,255}+|github_pat_\w{22,255}+"
    r"|glpat-[\w-]{20,100}+"
    r"|hf_[A-Za-z0-9]{30,100}+"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,200}+"
    r"|evh_[\w-]{43}"
    r"|eyJ[\w-]{10,2000}+\.eyJ[\w-]{10,4000}+\.[\w-]{10,1000}+"
    r")(?![\w-])"
)
_CARD = re.compile(r"(?<![\w.,-])[2-6](?:[ -]?\d){12,18}+(?![\w-])")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IP4 = re.compile(rf"(?<![\w.-])(?:{_OCTET}\.){{3}}{_OCTET}(?![\w-]|\.\d)")
_IP6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{3,39}+(?![\w:]|\.\d)")
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}+")
_PHONE = re.compile(
    r"(?<![\w+.,/-])(?:"
    r"(?:\+|00)[1-9](?:[ ./-]{0,1}\(?\d\)?){6,14}+"  # +49 (30) 901820-0
    r"|\(?0[1-9]\d{1,4}\)?(?: ?[/-] ?| )\d{2,8}(?:[ -]?\d{2,4}){0,3}+"  # 030/901820, 0171 234 5678
    r"|(?:1[ .-])?\(?[2-9]\d\d\)?[ .-]{1,2}\d{3}[ .-]\d{4}"  # (212) 555-0147
    r")(?![\w-])"
)

# how long the number of each country is: ISO 13616, the registry of SWIFT
_IBAN_LENGTHS = {
    code: length
    for length, codes in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK",
        21: "CH CR HR LI LV",
        22: "BG BH DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for code in codes.split()
}


def _plain(pattern: re.Pattern[str]) -> Callable[[str], Iterator[Span]]:
    return lambda text: (hit.span() for hit in pattern.finditer(text))


def _cards(text: str) -> Iterator[Span]:
    for hit in _CARD.finditer(text):
        digits = [int(char) for char in hit.group() if char.isdecimal()]
        if len(set(digits)) > 1 and passes_luhn(digits):
            yield hit.span()


def passes_luhn(digits: list[int]) -> bool:
    """Whether the last digit is the check of the others.

    Source:
        ISO/IEC 7812-1, annex B.
    """
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _ibans(text: str) -> Iterator[Span]:
    """By the length of its country: behind a number in groups another word in capitals may stand."""
    for hit in _IBAN.finditer(text):
        places = [place for place in range(*hit.span()) if text[place] != " "]
        length = _IBAN_LENGTHS.get(text[hit.start() : hit.start() + 2].upper(), 0)
        if not length or len(places) < length:
            continue
        end = places[length - 1] + 1
        is_whole = end == len(text) or not text[end].isalnum()
        if is_whole and passes_mod_97("".join(text[place] for place in places[:length])):
            yield hit.start(), end


def passes_mod_97(iban: str) -> bool:
    """Whether an account number without spaces has its two check digits right.

    Source:
        ISO 13616-1, by ISO/IEC 7064 MOD 97-10.
    """
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def _addresses(text: str) -> Iterator[Span]:
    """Addresses of the machine itself, as 127.0.0.1, tell of nobody and stay."""
    for pattern in (_IP4, _IP6):
        for hit in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(hit.group())
            except ValueError:
                continue
            has_digit = any(char.isdecimal() for char in hit.group())
            if has_digit and not (address.is_loopback or address.is_unspecified):
                yield hit.span()


def _phones(text: str) -> Iterator[Span]:
    for hit in _PHONE.finditer(text):
        if 7 <= sum(char.isdecimal() for char in hit.group()) <= 17:
            yield hit.span()


_FINDERS: dict[Kind, Callable[[str], Iterator[Span]]] = {
    "key": _plain(_KEY),
    "email": _plain(_EMAIL),
    "iban": _ibans,
    "card": _cards,
    "ip": _addresses,
    "phone": _phones,
}
