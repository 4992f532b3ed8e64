"""What is cleaned, and what becomes of what is found. Every default stands here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Act = Literal["off", "report", "leave_out"]  # leave_out: the row goes, counted under the step
Word = Annotated[str, Meta(min_length=1, max_length=100)]
Code = Annotated[str, Meta(pattern="^[a-z]{2}$")]  # of a language, ISO 639-1
Entity = Annotated[str, Meta(pattern="^[A-Z][A-Z_]{1,40}$")]
OURS = {  # what the patterns find already, by Presidio's names
    "CREDIT_CARD": "card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "PHONE_NUMBER": "phone",
}


class Cleaning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How rows are cleaned.

    The first three mend without changing what a text says. All others report unless asked for more.
    What is looked for in answers counts for `completion` and `chosen` alone: what is bad about a
    rejected answer is why it was rejected.
    """

    unicode: bool = True  # mend text that was read in the wrong encoding, compose accents (NFC)
    white_space: bool = True  # at ends of lines, odd spaces, many blank lines; code is kept
    control_tokens: bool = (
        True  # what a chat template would take for its own: <|im_end|> to ⟨|im_end|⟩
    )
    refused: Act = "report"  # a short answer that begins by declining (English and German)
    truncated: Act = "report"  # ended by its length limit, within a sentence or within code
    off_topic: Literal["off", "report", "leave_out"] = "report"  # shares no word with its prompt
    languages: list[
        Code
    ] = []  # that texts may be in; empty: not looked at. Needs the extra `language`
    language: Act = "report"  # texts in none of `languages`
    outliers: Act = "report"  # texts far shorter or longer than the others of the build
    outliers_at: Annotated[float, Meta(ge=2)] = 6.0  # deviations of the logarithm from its median
    personal: Literal["off", "report", "mask", "leave_out"] = (
        "report"  # e-mail, phone, card, IBAN, IP, keys
    )
    entities: list[
        Entity
    ] = []  # personal as well, by Presidio's names: PERSON, LOCATION, … Needs the extra `privacy`
    entity_models: dict[
        Code, Word
    ] = {}  # spaCy's by language, "en_core_web_sm" or "en_core_web_sm==3.8.0"; none: patterns alone
    entities_from: Annotated[float, Meta(ge=0, le=1)] = 0.5  # how sure Presidio has to be
    unsafe: Act = (
        "report"  # words of our small list, of `unsafe_words`, and what `unsafe_checks` find
    )
    unsafe_words: list[Word] = []  # whole words, and phrases
    unsafe_checks: list[Word] = []  # plug-ins by the names of their entry points
    safety_criterion: str = (
        ""  # slug: rows whose answer people rate below `min_safety` are left out
    )
    min_safety: Annotated[float, Meta(ge=1, le=5)] = 3.0
    near_duplicates: Act = "off"  # rows that say nearly the same; the best supported one stays
    contradictions: Act = "report"  # A before B here and B before A there; the heavier one stays
    cycles: Act = "report"  # A before B before C before A; the lightest goes
    normalise: list[Literal["dates", "numbers", "abbreviations"]] = []
    reading: Literal["en", "de"] = "en"  # how dates and numbers are read
    spelling: Literal["", "en", "de"] = ""  # propose corrections for a person to accept


def contradiction(cleaning: Cleaning) -> str:
    """What no build could follow, though each field is right; empty when there is nothing."""
    if not cleaning.entities:
        return "cleaning.entity_models needs cleaning.entities." if cleaning.entity_models else ""
    if cleaning.personal == "off":
        return "cleaning.entities are personal data, and cleaning.personal is off."
    if doubles := sorted(OURS.keys() & set(cleaning.entities)):
        return (
            f"cleaning.entities has {', '.join(doubles)}, which the patterns of cleaning.personal find "
            "already; leave that out."
        )
    return ""


def in_words(values: dict[str, Any]) -> str:
    """What differs from the defaults, for a page."""
    defaults = msgspec.to_builtins(Cleaning())
    said = [
        f"{name.replace('_', ' ')}: {_word(values[name])}"
        for name in Cleaning.__struct_fields__
        if name in values and values[name] != defaults[name]
    ]
    return "; ".join(said) or "by the defaults"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in sorted(value.items()))
    return str(value).replace("_", " ")
