"""Texts as sets of hashed shingles, many at a time. Shapes: T texts, S shingles of all of them.

A shingle is three words in a row; where a script writes no spaces, three characters. The hashes
are the same on every machine and in every year, because sketches made of them are stored.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

WORDS = 3  # of a shingle
_PLAIN, _WORD, _ALONE = 0, 1, 2  # what a character is: between words, part of one, a word by itself
_ALONE_RANGES = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF))  # kana, Han, Hangul
_KNOWN = 0x32400  # the letters of Unicode lie below
_CHARACTERS = 1_000_000  # hashed at a time: 30 MB of arrays
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)  # one for each word


@dataclass(frozen=True)
class Shingles:
    """`hashes_S[starts[t]:starts[t + 1]]` are those of text t, at least one; some may be twice."""

    hashes_S: Hashes
    starts: Places  # T + 1 of them

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, text: int) -> frozenset[int]:
        return frozenset(self.hashes_S[self.starts[text] : self.starts[text + 1]].tolist())


def shingles_of(texts: Sequence[str]) -> Shingles:
    """Every run of three words of each text, hashed; a shorter text is one shingle.

    Case and the forms of a character that mean the same (NFKC) make no difference.
    """
    parts, batch, size = [], list[str](), 0
    for text in texts:
        batch.append(unicodedata.normalize("NFKC", text).casefold())
        size += len(batch[-1])
        if size >= _CHARACTERS:
            parts.append(_hashed(batch))
            batch, size = [], 0
    if batch or not parts:
        parts.append(_hashed(batch))
    counts = np.concatenate([np.diff(part.starts) for part in parts])
    hashes = np.concatenate([part.hashes_S for part in parts])
    return Shingles(hashes, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """Shared shingles over all: {1, 2, 3} and {2, 3, 4} give 0.5."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def mixed(values: Hashes) -> Hashes:
    """Each 64-bit number as another that looks drawn by lot, one to one.

    Source:
        Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
        figure 16 (mix64variant13).
    """
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _hashed(folded: list[str]) -> Shingles:
    if not folded:
        return Shingles(np.zeros(0, np.uint64), np.zeros(1, np.int64))
    words, firsts = _words(folded)
    counts = np.diff(firsts)
    shingles = np.maximum(counts - WORDS + 1, 1)
    starts = np.concatenate([[0], np.cumsum(shingles)]).astype(np.int64)
    place = np.arange(starts[-1]) + np.repeat(firsts[:-1] - starts[:-1], shingles)
    ends = np.repeat(firsts[1:], shingles)
    padded = np.concatenate([words, np.zeros(WORDS, np.uint64)])
    total = np.zeros(len(place), np.uint64)
    for nth, factor in enumerate(_FACTORS):
        total += np.where(place + nth < ends, padded[place + nth], 0) * np.uint64(factor)
    hashes = mixed(total)
    for text in np.flatnonzero(counts == 0):  # nothing but signs: the text as it is
        digest = hashlib.blake2b(folded[text].strip().encode(errors="replace"), digest_size=8)
        hashes[starts[text]] = int.from_bytes(digest.digest())
    return Shingles(hashes, starts)


def _words(folded: list[str]) -> tuple[Hashes, Places]:
    """The hash of each word of all texts, and where each text's begin, with the end of all.

    A word's hash is the sum of its characters, mixed, each times an odd number of its place.
    """
    codes = np.frombuffer("\n".join(folded).encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = _kinds()[np.minimum(codes, _KNOWN)]
    begins = kinds == _WORD
    begins[1:] &= kinds[:-1] != _WORD
    begins |= kinds == _ALONE
    at = np.flatnonzero(begins)
    lengths = np.array([len(text) + 1 for text in folded])
    edges = np.concatenate([[0], np.cumsum(lengths)])
    firsts = np.searchsorted(at, edges).astype(np.int64)
    if not len(at):
        return np.zeros(0, np.uint64), firsts
    at_or_before = np.append(
        np.zeros(at[0], np.int64), np.repeat(at, np.diff(at, append=len(codes)))
    )
    place = np.arange(len(codes)) - at_or_before
    worth = mixed(codes + np.uint64(1)) * (mixed(place.astype(np.uint64)) | np.uint64(1))
    worth[kinds == _PLAIN] = 0
    return mixed(np.add.reduceat(worth, at)), firsts


@lru_cache(maxsize=1)
def _kinds() -> NDArray[np.uint8]:
    kinds = np.zeros(_KNOWN + 1, np.uint8)
    for code in range(_KNOWN):
        sign = chr(code)
        if sign.isalnum() or sign == "_" or unicodedata.category(sign)[0] == "M":
            kinds[code] = _WORD
    for first, last in _ALONE_RANGES:
        kinds[first : last + 1] = _ALONE
    return kinds
