"""Which language a text is in, by lingua: workers only."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from evalhub.datasets.cleaning.code import beginning_without_code

if TYPE_CHECKING:
    from lingua import LanguageDetector

_ENOUGH = 30  # letters, else it is a guess
_AT_FIRST, _AT_MOST = 80, 300  # characters: more make it slower and hardly surer

# Words that stand in nearly every text of a language, and hardly in any other: where three of them make up a
# fifth of the first words, lingua need not be asked, which costs ten times as much as all the rest. Not of
# languages with near kin: Spanish words are Portuguese and Galician ones as well. Words of their kin are not
# among them: "der", "den" and "dem" are Danish too, "is" and "so" Dutch and Afrikaans, "les" and "des" Catalan.
_PLAIN = {
    "de": frozenset(
        [
            "aber",
            "auch",
            "auf",
            "aus",
            "bei",
            "das",
            "dass",
            "durch",
            "ein",
            "eine",
            "einem",
            "einen",
            "eines",
            "für",
            "haben",
            "ich",
            "ist",
            "kann",
            "können",
            "mit",
            "nach",
            "nicht",
            "oder",
            "sich",
            "sie",
            "sind",
            "und",
            "wenn",
            "werden",
            "wir",
            "wird",
            "wurde",
            "zum",
            "zur",
            "über",
            "daher",
        ]
    ),
    "en": frozenset(
        [
            "about",
            "and",
            "are",
            "because",
            "been",
            "could",
            "does",
            "from",
            "has",
            "have",
            "how",
            "into",
            "its",
            "many",
            "not",
            "of",
            "should",
            "than",
            "that",
            "the",
            "their",
            "then",
            "there",
            "these",
            "they",
            "this",
            "those",
            "we",
            "what",
            "when",
            "where",
            "which",
            "with",
            "would",
            "your",
        ]
    ),
    "fr": frozenset(
        [
            "aux",
            "avec",
            "ces",
            "cette",
            "dans",
            "leur",
            "nous",
            "pour",
            "qui",
            "sont",
            "sur",
            "une",
            "votre",
            "vous",
            "être",
        ]
    ),
}
_WORD = re.compile(r"[^\W\d_]+")
_KINDS, _SHARE = 3, 0.2


def can_detect() -> bool:
    return find_spec("lingua") is not None


def language_of(text: str, *, expected: Collection[str] = ()) -> str | None:
    """The ISO 639-1 code, or None where there are too few letters to tell.

    Where the first words are in none of the languages `expected`, more of them are looked at.
    """
    prose = beginning_without_code(text, _AT_MOST)
    if sum(map(str.isalpha, prose)) < _ENOUGH:
        return None
    if plainly := _plainly_in(prose[:_AT_FIRST], expected):
        return plainly
    at_first = _detected(prose[:_AT_FIRST])
    return at_first if at_first in expected else _detected(prose)


def _plainly_in(prose: str, expected: Collection[str]) -> str | None:
    """One of the languages that are expected, where the words leave no doubt."""
    words = _WORD.findall(prose.casefold())
    for language in sorted(_PLAIN.keys() & set(expected)):
        known = [word for word in words if word in _PLAIN[language]]
        if len(set(known)) >= _KINDS and len(known) >= _SHARE * len(words):
            return language
    return None


def _detected(prose: str) -> str | None:
    found = _detector().detect_language_of(prose)
    return found.iso_code_639_1.name.lower() if found else None


@lru_cache(maxsize=1)
def _detector() -> LanguageDetector:
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()
