"""Spelling: words that no dictionary knows, and what may be meant. Nothing is corrected unasked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from evalhub.datasets.cleaning.code import outside_code, without_code

if TYPE_CHECKING:
    from spellchecker import SpellChecker

# Small letters only, so no names; at least four; nothing that is part of an address or a formula
_WORD = re.compile(r"(?<![\w@./\\#$-])[^\W\d_A-Z]{4,30}(?![\w@/\\(=-]|\.\w|:/)")


def can_spell() -> bool:
    return find_spec("spellchecker") is not None


def unknown_words(text: str, language: str) -> list[str]:
    """Words of the prose that the dictionary of `language` does not hold, each once, sorted."""
    known = _checker(language).word_frequency.dictionary
    words = {each for each in _WORD.findall(without_code(text)) if each.islower()}
    return sorted(each for each in words if each not in known)


def proposal_for(word: str, language: str) -> str | None:
    """The most frequent known word that is one letter away, or None."""
    found = _checker(language).correction(word)
    return found if found and found != word else None


def corrected(text: str, accepted: Mapping[str, str]) -> str:
    """Outside code, each whole word that a person accepted the correction of."""
    if not accepted:
        return text
    return outside_code(
        text,
        lambda piece: _WORD.sub(lambda found: accepted.get(found[0], found[0]), piece),
    )


@lru_cache(maxsize=2)
def _checker(language: str) -> SpellChecker:
    from spellchecker import SpellChecker

    return SpellChecker(language=language, distance=1)
