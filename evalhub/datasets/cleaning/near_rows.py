"""Rows that say nearly the same: the prompt and each answer, all of them. Shapes: R rows."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from evalhub.common.files import Beat, unwatched
from evalhub.stats.clusters import Clusters, Deciding
from evalhub.stats.minhash import ALIKE, BANDS, bands_of, candidates_of
from evalhub.stats.shingles import Hashes, Shingles, jaccard, shingles_of

_BATCH = 2_000  # rows sketched at a time
_KEPT = 2_000  # sets of shingles in memory


class NearRows:
    """Bands of each row in memory, 160 bytes; shingles of each of its parts on disk."""

    def __init__(self, folder: Path, *, parts: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path, self._parts = folder / "shingles", parts
        self._waiting: list[str] = []
        self._starts = array("Q", [0])  # of each part, in shingles
        self._bands: list[Hashes] = []
        self.beyond = 0  # pairs that were not compared, see Decided

    def add(self, texts: Sequence[str]) -> None:
        self._waiting += texts
        if len(self._waiting) >= _BATCH * self._parts:
            self._sketch()

    def roots(self, beat: Beat = unwatched) -> list[int]:
        """For each row the number of its cluster, which is that of its first row.

        `beat` is called ahead of each comparison.
        """
        self._sketch()
        if not self._bands:
            return []
        bands_RB = np.concatenate(self._bands)
        clusters = Clusters()

        def are_alike(one: int, other: int) -> bool:
            beat()
            return self._are_alike(one, other)

        deciding = Deciding(clusters, key_of=lambda row: row, are_alike=are_alike)
        self.beyond = deciding.decide(candidates_of(bands_RB)).beyond
        return [clusters.root(nth) for nth in range(len(bands_RB))]

    def _sketch(self) -> None:
        if not self._waiting:
            return
        shingles = shingles_of(self._waiting)
        rows = Shingles(shingles.hashes_S, shingles.starts[:: self._parts])
        self._bands.append(bands_of(rows).reshape(-1, BANDS))
        self._starts.extend((shingles.starts[1:] + self._starts[-1]).tolist())
        with self._path.open("ab") as stream:
            stream.write(shingles.hashes_S.tobytes())
        self._waiting = []

    def _are_alike(self, one: int, other: int) -> bool:
        return all(
            jaccard(mine, theirs) >= ALIKE
            for mine, theirs in zip(self._read(one), self._read(other), strict=True)
        )

    @lru_cache(maxsize=_KEPT)  # noqa: B019  lives as long as the build
    def _read(self, row: int) -> list[frozenset[int]]:
        starts = self._starts[row * self._parts : (row + 1) * self._parts + 1]
        with self._path.open("rb") as stream:
            stream.seek(8 * starts[0])
            hashes = np.frombuffer(stream.read(8 * (starts[-1] - starts[0])), np.uint64)
        parts = Shingles(hashes, np.array(starts, np.int64) - int(starts[0]))
        return [parts.of(part) for part in range(self._parts)]
