"""Counterfactual swaps: the same row about the other one of each pair of terms."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evalhub.datasets.augmenting.lists import GENDER_EN
from evalhub.datasets.augmenting.protected import changed_outside, protected_in
from evalhub.datasets.augmenting.words import in_the_case_of, word_pattern

_POSSESSIVES = ("him", "his", "her", "hers")
_ONE_WAY = {"mrs": "mr", "miss": "mr", "mom": "dad", "mommy": "daddy"}
_NEXT_WORD = re.compile(r"[ \t]+([^\W\d_]+)")
# After “her” these show that it is an object: “gave her a book”, “saw her and left”.
_NO_NOUN = frozenset(
    re.findall(
        r"\w+",
        """
        a about after again all also although an and any are around as at away back be because
        before but by can could did do does down during every for from had has have how if in into
        is it like more never not now of off often on once onto or out over please so some
        something soon than that the then there these they this those though through to today
        tomorrow too under until up very was we were what when where whether which while who why
        will with without would yesterday yet you
        """,
    )
)


class Swap:
    """Swaps the terms of `pairs` both ways. With the pair he and she go him, his, her and hers.

    English says “her” for both “him” and “his”: it becomes “his” before a word that can begin a noun
    phrase, else “him”. That is a guess by one word; see docs/help/augmentation.md for its limits.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._other = {}
        for one, other in pairs:
            self._other[one.casefold()], self._other[other.casefold()] = other, one
        self._has_pronouns = self._other.get("he") == GENDER_EN[0][1]
        pronouns = _POSSESSIVES if self._has_pronouns else ()
        if self._has_pronouns:
            self._other = _ONE_WAY | self._other
        self._pattern = word_pattern([*self._other, *pronouns], beside=r"\w")

    def has_term(self, text: str) -> bool:
        return self._pattern.search(text) is not None

    def is_split(self, text: str) -> bool:
        """Whether a term stands in what must not be changed, so that a swap would be half done."""
        return self.has_term(protected_in(text))

    def swapped(self, text: str) -> str:
        """
        >>> Swap(GENDER_EN).swapped("Her brother gave him her book; it was hers.")
        'His sister gave her his book; it was his.'
        """
        return changed_outside(text, lambda part: self._pattern.sub(self._swap, part))

    def _swap(self, found: re.Match[str]) -> str:
        given = found.group()
        word = given.casefold()
        if self._has_pronouns and word in _POSSESSIVES:
            return in_the_case_of(given, _pronoun(word, found))
        return in_the_case_of(given, self._other.get(word, given))


def _pronoun(word: str, found: re.Match[str]) -> str:
    if word == "him":
        return "her"
    if word == "hers":
        return "his"
    following = _NEXT_WORD.match(found.string, found.end())
    is_before_noun = following is not None and following[1].casefold() not in _NO_NOUN
    if word == "his":
        return "her" if is_before_noun else "hers"
    return "his" if is_before_noun else "him"
