"""What shows only when all rows of a build are known. Shapes: R rows, P parts of a row.

Memory holds some 200 bytes a row, whatever its length; shingles lie on disk.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evalhub.common.canonical import plain_text
from evalhub.common.files import Beat, unwatched
from evalhub.datasets.cleaning.near_rows import NearRows
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.preferences import Preference, beaten, by_group
from evalhub.datasets.cleaning.recipe import Finding

_LEAST = 30  # texts, else nobody knows what is usual
_TO_DEVIATION = 1.4826  # of the normal distribution: a standard deviation by its MAD


class Sight(NamedTuple):
    """What is seen of a row, and in which field."""

    id: str
    field: str
    finding: Finding


class Whole:
    """Takes each row as it is found; `sights` says what is seen among all."""

    def __init__(self, options: Cleaning, fields: tuple[str, ...], folder: Path) -> None:
        self._options, self._fields = options, ("prompt", *fields)
        self._ids: list[bytes] = []
        self._known: set[bytes] = set()  # the same, once somebody asks
        self._weights, self._shares = array("f"), array("f")
        self._lengths = [array("L") for _ in self._fields]
        self._groups, self._answers = array("Q"), array("Q")
        self._has_pairs = fields == ("chosen", "rejected")
        wants_near = options.near_duplicates != "off" and bool(fields)
        self._near = NearRows(folder, parts=len(self._fields)) if wants_near else None

    def __len__(self) -> int:
        return len(self._ids)

    def add(
        self, id: str, *, group: str, texts: Sequence[str], weight: float, p_chosen: float
    ) -> None:
        """A row by its content uid, where `is_asked`; `texts` are its prompt and its answers."""
        self._ids.append(bytes.fromhex(id))
        if self._known:
            self._known.add(self._ids[-1])
        self._weights.append(weight)
        self._shares.append(p_chosen)
        for lengths, text in zip(self._lengths, texts, strict=True):
            lengths.append(len(text))
        if self._has_pairs and self._wants_order:
            self._groups.append(_hash(group))
            self._answers.extend(_hash(plain_text(each)) for each in texts[1:])
        if self._near is not None:
            self._near.add(texts)

    def has(self, id: str) -> bool:
        """Whether a row of that text was added."""
        if not self._known:  # few builds ask
            self._known = set(self._ids)
        return bytes.fromhex(id) in self._known

    @property
    def is_asked(self) -> bool:
        """Whether anybody asks for what shows among all."""
        return self._wants_order or self._options.outliers != "off" or self._near is not None

    @property
    def not_compared(self) -> int:
        """Pairs of rows that may be near-duplicates, for which there was no room; after `sights`."""
        return self._near.beyond if self._near is not None else 0

    @property
    def _wants_order(self) -> bool:
        return self._options.contradictions != "off" or self._options.cycles != "off"

    def looked(self) -> dict[str, int]:
        """How many rows or texts each step looks at."""
        options, rows = self._options, len(self._ids)
        asked = {
            "outliers": rows * len(self._fields) if options.outliers != "off" else 0,
            "near_duplicates": rows if self._near is not None else 0,
            "contradictions": rows * (self._has_pairs and options.contradictions != "off"),
            "cycles": rows * (self._has_pairs and options.cycles != "off"),
        }
        return {step: count for step, count in asked.items() if count}

    def sights(self, beat: Beat = unwatched) -> Iterator[Sight]:
        """What the steps see, step by step; `beat` is called now and then."""
        if self._options.outliers != "off":
            yield from self._outliers()
        if self._near is not None:
            yield from self._near_duplicates(self._near, beat)
        if self._has_pairs and self._wants_order:
            yield from self._disorder(beat)

    def _outliers(self) -> Iterator[Sight]:
        """Texts whose log length is `outliers_at` deviations from the median, per field."""
        for name, lengths in zip(self._fields, self._lengths, strict=True):
            log_R = np.log1p(np.array(lengths))
            if len(log_R) < _LEAST:
                continue
            median = np.median(log_R)
            deviation = _TO_DEVIATION * np.median(np.abs(log_R - median))
            if deviation == 0:
                continue
            is_out_R = np.abs(log_R - median) > self._options.outliers_at * deviation
            for nth in np.flatnonzero(is_out_R).tolist():
                usual = round(float(np.expm1(median)))
                what = f"{lengths[nth]} characters, where {usual} are usual"
                yield Sight(self._id(nth), name, Finding("outliers", what))

    def _near_duplicates(self, near: NearRows, beat: Beat) -> Iterator[Sight]:
        """All but the best supported row of each cluster; of equals the first by its id."""
        clusters: dict[int, list[int]] = defaultdict(list)
        for nth, root in enumerate(near.roots(beat)):
            clusters[root].append(nth)
        for cluster in clusters.values():
            if len(cluster) == 1:
                continue
            best = min(cluster, key=lambda nth: (-self._weights[nth], self._ids[nth]))
            what = f"says nearly the same as row {self._id(best)}"
            for nth in cluster:
                if self._ids[nth] != self._ids[best]:
                    yield Sight(self._id(nth), "row", Finding("near_duplicates", what))

    def _disorder(self, beat: Beat) -> Iterator[Sight]:
        for rows in by_group(self._groups).values():
            beat()
            lost = beaten([self._preference(nth) for nth in rows])
            found = {
                "contradictions": (lost.contradicted, "as many or more prefer the other answer"),
                "cycles": (lost.in_cycles, "the lightest of a circle of preferences"),
            }
            for step, (places, what) in found.items():
                if getattr(self._options, step) != "off":
                    for place in sorted(places):
                        yield Sight(self._id(rows[place]), "row", Finding(step, what))

    def _preference(self, nth: int) -> Preference:
        better, worse = self._answers[2 * nth], self._answers[2 * nth + 1]
        return Preference(better, worse, self._weights[nth], self._shares[nth])

    def _id(self, nth: int) -> str:
        return self._ids[nth].hex()


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
