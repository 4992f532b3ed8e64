"""Which ways of augmentation a definition asks for. Nothing is augmented by default."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from evalhub.datasets.augmenting.lists import LISTS

Share = Annotated[float, Meta(gt=0, le=1)]
Term = Annotated[str, Meta(min_length=1, max_length=100)]
CAP = 0.5


class _Way(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="by"):
    share: Share  # of the training rows that are not augmented; at most so many are made
    seed: int = 0


class WordReplacement(_Way, frozen=True, tag="word_replacement"):
    """Words of the user's turns, or of a raw text, by another one of the team's."""

    words: Annotated[
        dict[Term, Annotated[list[Term], Meta(min_length=1)]], Meta(min_length=1, max_length=1000)
    ]


class SentenceShuffle(_Way, frozen=True, tag="sentence_shuffle"):
    """Sentences within the paragraphs of the user's turns, or of a raw text."""


class CounterfactualSwap(_Way, frozen=True, tag="counterfactual_swap"):
    """Each term by the other of its pair, in every turn and every answer alike."""

    pairs: Annotated[list[tuple[Term, Term]], Meta(max_length=500)] = []
    lists: list[Literal["gender_en", "names_en"]] = []

    def all_pairs(self) -> list[tuple[str, str]]:
        """Those of the team and of our own lists."""
        return [*self.pairs, *(pair for name in self.lists for pair in LISTS[name])]


Way = WordReplacement | SentenceShuffle | CounterfactualSwap


class Never(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prompts of which no row is made: of one of these collections, or with any of these values."""

    collections: list[str] = []
    slices: dict[str, list[str]] = {}

    def holds(self, collection: str, slices: dict[str, str]) -> bool:
        if collection in self.collections:
            return True
        return any(slices.get(key) in values for key, values in self.slices.items())


def contradiction(ways: Sequence[Way], cap: float) -> str:
    """What no build could follow; empty when there is nothing."""
    asked = sum(way.share for way in ways)
    if asked > cap + 1e-9:
        return (
            f"augment asks for {asked:.2f} of the rows together, more than augment_cap ({cap:g})."
        )
    for way in ways:
        if isinstance(way, CounterfactualSwap) and (wrong := _twice(way)):
            return wrong
    return ""


def _twice(way: CounterfactualSwap) -> str:
    pairs = way.all_pairs()
    if not pairs:
        return "counterfactual_swap needs pairs, or lists of ours."
    terms = Counter(term.casefold() for pair in way.pairs for term in pair)
    ours = {term.casefold() for name in way.lists for pair in LISTS[name] for term in pair}
    if again := sorted(term for term, count in terms.items() if count > 1 or term in ours):
        return f"counterfactual_swap has “{again[0]}” in two pairs, or twice in one."
    return ""


def in_words(ways: Sequence[dict[str, Any]]) -> str:
    """What a stored definition asks for, for a page."""
    return "; ".join(f"{way['by'].replace('_', ' ')}, {way['share']:.0%} at most" for way in ways)
