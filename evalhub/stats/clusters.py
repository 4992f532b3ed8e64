"""Which texts are near-duplicates, once somebody decides about pairs. Shapes: as in `minhash`.

A pair whose texts are known to be of one cluster need not be decided: that is what makes room for the others
where many texts are alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from evalhub.stats.minhash import MOST, Candidates

MORE = (
    200  # texts of crowded bands that a text may turn out not to be alike, before others are left
)


class Clusters:
    """Sets of keys that only grow: the least key names its set."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def root(self, key: int) -> int:
        above = self._above
        while (up := above.get(key, key)) != key:
            above[key] = above.get(up, up)
            key = up
        return key

    def join(self, one: int, other: int) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        if first != second:
            self._above[second] = first


@dataclass
class Decided:
    """What was found. `compared`: pairs, each by `are_alike`; `beyond`: pairs of one crowded band that were
    not, and whose texts are not known to be of one cluster.
    """

    alike: list[tuple[int, int]] = field(default_factory=list)  # that joined two clusters
    compared: int = 0
    beyond: int = 0


class Deciding:
    """Decides the candidate pairs of some texts, each by its place.

    Args:
        clusters: what is known of their keys; grows.
        key_of: the key of a text, that of its group for instance.
        are_alike: the exact answer about two texts; may be dear.
    """

    def __init__(
        self,
        clusters: Clusters,
        *,
        key_of: Callable[[int], int],
        are_alike: Callable[[int, int], bool],
    ) -> None:
        self._clusters, self._key_of, self._are_alike = clusters, key_of, are_alike
        self._apart: dict[int, set[int]] = defaultdict(set)  # earlier ones that a text is not alike
        self.found = Decided()

    def decide(self, candidates: Candidates, *, new: int = 0) -> Decided:
        """Every pair; of crowded bands as many as there is room for: of each text the first of every other
        cluster first, then the rest of those.
        """
        for one, other in candidates.pairs.tolist():
            if self._root(one) != self._root(other):
                self._decide(one, other)
        for crowd in candidates.crowds:
            self._decide_crowd(crowd.tolist(), new)
        return self.found

    def _decide_crowd(self, crowd: Sequence[int], new: int) -> None:
        rank_of = {text: rank for rank, text in enumerate(crowd)}
        there: dict[int, list[int]] = {}  # earlier ones by their cluster
        for rank, text in enumerate(crowd):
            if text >= new and rank > MOST:
                self._decide_against(text, there)
                inside = len(there.get(self._root(text), []))
                apart = sum(
                    rank_of.get(each, rank) < rank and self._root(each) != self._root(text)
                    for each in self._apart[text]
                )
                self.found.beyond += rank - inside - apart
            there.setdefault(self._root(text), []).append(text)

    def _decide_against(self, text: int, there: dict[int, list[int]]) -> None:
        """As many of those that are there as may be; clusters that turn out to be one become one."""
        apart = self._apart[text]
        for other in _firsts_first(list(islice(there.values(), MORE))):
            if len(apart) >= MORE:
                return
            theirs, mine = self._root(other), self._root(text)
            if theirs == mine or other in apart:
                continue
            if not self._decide(other, text):
                apart.add(other)
                continue
            members = there.pop(theirs) + there.pop(mine, [])
            there[self._root(text)] = members

    def _decide(self, one: int, other: int) -> bool:
        self.found.compared += 1
        if not self._are_alike(one, other):
            return False
        self._clusters.join(self._key_of(one), self._key_of(other))
        self.found.alike.append((one, other))
        return True

    def _root(self, text: int) -> int:
        return self._clusters.root(self._key_of(text))


def _firsts_first(clusters: Sequence[Sequence[int]]) -> Iterator[int]:
    """The first of each, then all others: they are alike each other, so the first mostly tells."""
    for members in clusters:
        yield members[0]
    for members in clusters:
        yield from islice(members, 1, None)
