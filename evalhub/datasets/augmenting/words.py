"""Whole words replaced by others of the same meaning, which the team gives."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from evalhub.datasets.augmenting.protected import changed_outside


def word_pattern(terms: Iterable[str], *, beside: str = r"[\w-]") -> re.Pattern[str]:
    """Matches any of the terms as a whole word, whatever its case; of two the longer.

    Args:
        beside: what must not stand right before or behind it.
    """
    longest_first = sorted(terms, key=lambda term: (-len(term), term))
    choice = "|".join(re.escape(term) for term in longest_first)
    return re.compile(rf"(?<!{beside})(?:{choice})(?!{beside})", re.IGNORECASE)


def in_the_case_of(given: str, word: str) -> str:
    """`word` in capitals, or beginning with one, where `given` is.

    >>> in_the_case_of("Big", "large"), in_the_case_of("BIG", "large"), in_the_case_of("big", "LED")
    ('Large', 'LARGE', 'LED')
    """
    if len(given) > 1 and given.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if given[:1].isupper() else word


def lot(*of: object) -> int:
    """A number by lot: the same for the same words, on every machine."""
    told = "\x1f".join(str(each) for each in of)
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8])


class Thesaurus:
    """Replaces every word that has others. A word becomes the same one throughout a row."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._words = {word.casefold(): others for word, others in words.items()}
        self._pattern = word_pattern(words)

    def words_in(self, text: str) -> set[str]:
        return {found.group().casefold() for found in self._pattern.finditer(text)}

    def replaced(self, text: str, *, keep: set[str], by: str) -> str:
        """The text with its words replaced.

        Args:
            keep: words that stay, casefolded.
            by: what the choice among others is drawn from, with the word.
        """

        def other(found: re.Match[str]) -> str:
            word = found.group().casefold()
            others = self._words.get(word)
            if others is None or word in keep:
                return found.group()
            return in_the_case_of(found.group(), others[lot(by, word) % len(others)])

        return changed_outside(text, lambda part: self._pattern.sub(other, part))
