"""Which texts stand, whole or in part, in a set of other texts. Shapes: W words, G grams.

A text shares a 13-gram when 13 words in a row are the same (the measure of Brown et al., "Language Models
are Few-Shot Learners", 2020, appendix C); one that is shorter must be the same as a whole. Prompts are near
when the Jaccard index of their 3-word shingles reaches 0.8, as for near-duplicates in a workspace.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evalhub.common.canonical import plain_text
from evalhub.stats.minhash import ALIKE, bands_of
from evalhub.stats.shingles import jaccard, shingles_of

GRAM = 13  # words
FEWEST = 4  # words of a short text; with fewer, being the same says nothing
PROMPT = "prompt"
WAYS = ("13-gram", "whole", "near")
NO_TEXTS = {"id", "group", "role", "model", "split", "label", "criterion", "weight", "settings"}

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")  # CJK by the character
_FACTORS = np.array([pow(6364136223846793005, power, 1 << 64) for power in range(GRAM)], np.uint64)

Hashes = NDArray[np.uint64]


class Text(NamedTuple):
    where: str  # the field of its row
    content: str


class Hit(NamedTuple):
    """`share` of the text's 13-grams stand there; of near prompts the Jaccard index; else 1."""

    how: str  # one of WAYS
    where: str
    text: int  # the other text, by its number in the index
    share: float


def texts_of(row: Any) -> list[Text]:  # JSON of any shape
    """The conversation as one text, and every other text by its field."""
    if isinstance(row, str):
        return [Text(PROMPT, row)]
    found = []
    for name, value in row.items() if isinstance(row, dict) else ():
        if name in ("messages", PROMPT, "conversation") and isinstance(value, list):
            turns = [each.get("content", "") for each in value if isinstance(each, dict)]
            found.append(Text(PROMPT, "\n".join(turn for turn in turns if isinstance(turn, str))))
        elif name not in NO_TEXTS:
            found += [Text(name, text) for text in _leaves(value)]
    return [each for each in found if each.content.strip()]


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in NO_TEXTS:
                yield from _leaves(each)


def grams_of(content: str) -> tuple[Hashes, int | None]:
    """64 bits for each 13 words in a row; for a shorter text none, and 64 bits of it as a whole."""
    words = _WORD.findall(plain_text(content))
    if len(words) < GRAM:
        return np.empty(0, np.uint64), _hash(" ".join(words)) if len(words) >= FEWEST else None
    hash_W = np.fromiter((_hash(word) for word in words), np.uint64, len(words))
    windows_GW = np.lib.stride_tricks.sliding_window_view(hash_W, GRAM)
    return (windows_GW * _FACTORS).sum(axis=1, dtype=np.uint64), None  # modulo 2^64


@lru_cache(maxsize=1 << 17)
def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())


class Index:
    """Some texts to look in; of each 13-gram it knows the first text that has it."""

    def __init__(self, texts: list[Text]) -> None:
        grams, owners = [], []
        self._wholes: dict[int, int] = {}
        self._bands: defaultdict[int, list[int]] = defaultdict(list)
        self._shingles: dict[int, frozenset[int]] = {}
        for nth, (_, content) in enumerate(texts):
            hash_G, whole = grams_of(content)
            grams.append(hash_G)
            owners.append(np.full(len(hash_G), nth, np.int32))
            if whole is not None:
                self._wholes.setdefault(whole, nth)
        all_G = np.concatenate([*grams, np.empty(0, np.uint64)])
        self._gram_G, first_G = np.unique(all_G, return_index=True)
        self._owner_G = np.concatenate([*owners, np.empty(0, np.int32)])[first_G]
        self._add_prompts([nth for nth, text in enumerate(texts) if text.where == PROMPT], texts)

    def _add_prompts(self, places: list[int], texts: list[Text]) -> None:
        shingles = shingles_of([texts[nth].content for nth in places])
        for text, (nth, bands) in enumerate(zip(places, bands_of(shingles).tolist(), strict=True)):
            self._shingles[nth] = shingles.of(text)
            for band in bands:
                self._bands[band].append(nth)

    def look(self, text: Text) -> Hit | None:
        """The strongest way in which the text stands among those of the index."""
        hash_G, whole = grams_of(text.content)
        if whole is not None and whole in self._wholes:
            return Hit("whole", text.where, self._wholes[whole], 1.0)
        if len(hash_G) and len(self._gram_G):
            place_G = np.searchsorted(self._gram_G, hash_G).clip(max=len(self._gram_G) - 1)
            is_there_G = self._gram_G[place_G] == hash_G
            if is_there_G.any():
                owner = int(np.bincount(self._owner_G[place_G[is_there_G]]).argmax())
                return Hit("13-gram", text.where, owner, round(float(is_there_G.mean()), 3))
        return self._near(text) if text.where == PROMPT else None

    def _near(self, text: Text) -> Hit | None:
        shingles = shingles_of([text.content])
        [bands], mine = bands_of(shingles).tolist(), shingles.of(0)
        candidates = {nth for band in bands for nth in self._bands.get(band, ())}
        alike = [(jaccard(mine, self._shingles[nth]), -nth) for nth in candidates]
        most, place = max(alike, default=(0.0, 0))
        return Hit("near", text.where, -place, round(most, 3)) if most >= ALIKE else None
