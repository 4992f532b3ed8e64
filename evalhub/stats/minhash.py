"""Which texts may be near-duplicates: MinHash cut into bands. Shapes: T texts, S shingles, B bands.

Source:
    Broder, "On the resemblance and containment of documents", 1997; bands as in Leskovec,
    Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.shingles import Hashes, Places, Shingles, mixed

ALIKE = 0.8  # Jaccard index of the shingles from which two texts are near-duplicates
BANDS, ROWS = 20, 7  # a pair at 0.8 is a candidate with probability 0.99, at 0.4 with 0.03
MOST = 20  # earlier texts in a band, with each of which a text makes a pair; with more it is in a crowd
_BLOCK = 30_000  # shingles at a time: what the processor's cache holds


class Candidates(NamedTuple):
    """Pairs of texts that share a band, the earlier first, ordered by the later; none twice.

    `crowds` are the bands in which a text has more than `MOST` before it: texts in order. Pairs of such a
    text in such a band are not among `pairs`; see `clusters.Deciding`.
    """

    pairs: Places
    crowds: list[Places]


def bands_of(shingles: Shingles) -> Hashes:
    """bands_TB: two texts share one with probability J^ROWS, where J is their Jaccard index.

    The hash functions are x -> (x xor a) * b on 32 bits of each shingle; its place is part of a
    band's value.
    """
    seeds = mixed(np.arange(1, 2 * BANDS * ROWS + 1, dtype=np.uint64)) >> np.uint64(32)
    xors, factors = seeds.astype(np.uint32).reshape(2, -1)
    factors |= np.uint32(1)
    least = np.empty((BANDS * ROWS, len(shingles)), np.uint32)
    for first, last in _blocks(shingles.starts):
        begin, end = shingles.starts[first], shingles.starts[last]
        values = (shingles.hashes_S[begin:end] >> np.uint64(32)).astype(np.uint32)
        starts = shingles.starts[first:last] - begin
        drawn = np.empty_like(values)
        for nth in range(BANDS * ROWS):
            np.bitwise_xor(values, xors[nth], out=drawn)
            np.multiply(drawn, factors[nth], out=drawn)
            np.minimum.reduceat(drawn, starts, out=least[nth, first:last])
    bands = np.empty((len(shingles), BANDS), np.uint64)
    for band in range(BANDS):
        value = np.full(len(shingles), band, np.uint64)
        for row in range(ROWS):
            value = mixed(value ^ least[band * ROWS + row])
        bands[:, band] = value
    return bands


def candidates_of(bands_TB: Hashes, *, new: int = 0) -> Candidates:
    """The texts that share a band and of which the later is number `new` or above."""
    count = len(bands_TB)
    values = bands_TB.ravel()
    texts = np.repeat(np.arange(count), bands_TB.shape[1])
    order = np.argsort(values, kind="stable")  # equal values in the order of their texts
    values, texts = values[order], texts[order]
    begins = np.flatnonzero(np.append(True, values[1:] != values[:-1])) if count else order
    sizes = np.diff(begins, append=len(values))
    rank = np.arange(len(values)) - np.repeat(begins, sizes)
    is_asked = (rank > 0) & (texts >= new)
    crowded = np.unique(np.cumsum(rank == 0)[is_asked & (rank > MOST)]) - 1
    crowds = [texts[begins[nth] : begins[nth] + sizes[nth]] for nth in crowded.tolist()]
    is_asked &= rank <= MOST
    places, ranks = np.flatnonzero(is_asked), rank[is_asked]
    found = []
    for nth in range(int(ranks.max(initial=0))):
        some = places[ranks > nth]
        found.append(texts[some] * count + texts[some - rank[some] + nth])
    unique = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    pairs = np.stack([unique % max(count, 1), unique // max(count, 1)], axis=1)
    return Candidates(pairs, crowds)


def _blocks(starts: Places) -> list[tuple[int, int]]:
    """Texts from, to: as many as have `_BLOCK` shingles, or a longer one alone."""
    found, first, count = [], 0, len(starts) - 1
    while first < count:
        last = int(np.searchsorted(starts, starts[first] + _BLOCK, side="right")) - 1
        found.append((first, max(last, first + 1)))
        first = found[-1][1]
    return found


def share_a_band(bands_TB: Hashes, values: Hashes) -> NDArray[np.bool_]:
    """Which texts have a band among `values`, which are sorted."""
    if not len(values):
        return np.zeros(len(bands_TB), np.bool_)
    at = np.minimum(np.searchsorted(values, bands_TB), len(values) - 1)
    shared: NDArray[np.bool_] = (values[at] == bands_TB).any(axis=1)
    return shared
