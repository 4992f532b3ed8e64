"""Dates, numbers and abbreviations in one form. Only where a definition asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from evalhub.datasets.cleaning.code import outside_code

_MONTHS = {
    "en": "january february march april may june july august september october november december",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
}
_NUMBER_OF = {
    reading: {name: nth for nth, name in enumerate(names.split(), start=1)}
    for reading, names in _MONTHS.items()
}
_NAMES = {reading: "|".join(names) for reading, names in _NUMBER_OF.items()}
_DATES = {
    "en": re.compile(
        rf"\b(?:(?P<month>{_NAMES['en']}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})"
        rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)? (?P<month2>{_NAMES['en']}),? (?P<year2>\d{{4}}))\b",
        re.IGNORECASE,
    ),
    "de": re.compile(
        rf"(?<![\w.])(?P<day>\d{{1,2}})\. ?(?P<month>{_NAMES['de']}|\d{{1,2}}\.) ?(?P<year>\d{{4}})\b(?!\.\d)",
        re.IGNORECASE,
    ),
}
_SLASHED = re.compile(r"(?<![\w/.])(\d{1,2})/(\d{1,2})/(\d{4})(?![\w/])")
_NUMBERS = {
    "en": re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w,]|\.\d)"),
    "de": re.compile(r"(?<![\w.,])\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![\w]|[.,]\d)"),
}
_IN_FULL = {
    "en": {"e.g.": "for example", "i.e.": "that is", "approx.": "approximately", "vs.": "versus"},
    "de": {"z. B.": "zum Beispiel", "z.B.": "zum Beispiel", "d. h.": "das heißt", "d.h.": "das heißt",
           "u. a.": "unter anderem", "u.a.": "unter anderem", "bzw.": "beziehungsweise",
           "evtl.": "eventuell", "ggf.": "gegebenenfalls"},
}  # fmt: skip
_SHORT = {
    reading: re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(each) for each in names)})(?!\w)")
    for reading, names in _IN_FULL.items()
}


def iso_dates(text: str, reading: str) -> str:
    """Dates as 2025-04-03. 03/04/2025 stays: it is one day here and another there."""
    if not _DIGIT.search(text):
        return text

    def written(found: re.Match[str]) -> str:
        day = found["day"] or found["day2"] if reading == "en" else found["day"]
        month = found["month"] or found["month2"] if reading == "en" else found["month"]
        year = found["year"] or found["year2"] if reading == "en" else found["year"]
        name = month.lower().rstrip(".")
        number = int(name) if name.isdecimal() else _NUMBER_OF[reading][name]
        return _iso(int(year), number, int(day)) or found[0]

    def changed(piece: str) -> str:
        return _SLASHED.sub(_unslashed, _DATES[reading].sub(written, piece))

    return outside_code(text, changed)


_DIGIT = re.compile(r"\d")


def _unslashed(found: re.Match[str]) -> str:
    """Only where one of the two cannot be a month, or both are the same."""
    one, other, year = (int(each) for each in found.groups())
    if one > 12 or one == other:
        return _iso(year, other, one) or found[0]
    return (_iso(year, one, other) or found[0]) if other > 12 else found[0]


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def plain_numbers(text: str, reading: str) -> str:
    """Without marks of thousands, with a point: 1,234.5 in English, 1.234,5 in German to 1234.5."""
    if not _DIGIT.search(text):
        return text

    def written(found: re.Match[str]) -> str:
        if reading == "en":
            return found[0].replace(",", "")
        return found[0].replace(".", "").replace(",", ".")

    return outside_code(text, lambda piece: _NUMBERS[reading].sub(written, piece))


def full_words(text: str, reading: str) -> str:
    """A few abbreviations that mean one thing only, in full."""

    def written(found: re.Match[str]) -> str:
        return _IN_FULL[reading][found[0]]

    return outside_code(text, lambda piece: _SHORT[reading].sub(written, piece))


NORMAL: dict[str, Callable[[str, str], str]] = {
    "dates": iso_dates,
    "numbers": plain_numbers,
    "abbreviations": full_words,
}
