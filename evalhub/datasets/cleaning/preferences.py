"""Preferences that contradict each other, and cycles among them. Nothing here reads the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

Node = Hashable


class Preference(NamedTuple):
    """One row: which answer of a prompt's group is before which, and how many say so."""

    better: Node
    worse: Node
    weight: float
    p_chosen: float


class Beaten(NamedTuple):
    """Rows by number that give way: those outweighed by their reverse, and those that close a cycle."""

    contradicted: set[int]
    in_cycles: set[int]


def beaten(rows: Sequence[Preference]) -> Beaten:
    """What one group's rows have to give up so that its answers can stand in an order.

    Of A before B and B before A the lighter side goes, both where they weigh the same. Then, while
    there is a cycle, its lightest preference goes; of equals the one that fewest agree on.
    """
    sides: dict[tuple[Node, Node], list[int]] = defaultdict(list)
    for nth, row in enumerate(rows):
        sides[row.better, row.worse].append(nth)
    weights = {pair: sum(rows[nth].weight for nth in each) for pair, each in sides.items()}
    contradicted = {
        nth
        for (better, worse), each in sides.items()
        if (worse, better) in sides and weights[better, worse] <= weights[worse, better]
        for nth in each
    }
    left = {
        pair: (weights[pair], min(rows[nth].p_chosen for nth in each))
        for pair, each in sides.items()
        if contradicted.isdisjoint(each)
    }
    in_cycles: set[int] = set()
    while cycle := _cycle(left):
        lightest = min(cycle, key=lambda pair: (left[pair], sides[pair][0]))
        del left[lightest]
        in_cycles.update(sides[lightest])
    return Beaten(contradicted, in_cycles)


def _cycle(pairs: Iterable[tuple[Node, Node]]) -> list[tuple[Node, Node]]:
    """The pairs of one cycle, or none; depth first, without recursion."""
    after: dict[Node, list[Node]] = defaultdict(list)
    for better, worse in pairs:
        after[better].append(worse)
    done: set[Node] = set()
    for start in list(after):
        path, on_path = [start], {start: 0}
        ahead = [iter(after[start] if start not in done else ())]
        while ahead:
            node = next(ahead[-1], None)
            if node is None:
                ahead.pop()
                done.add(path[-1])
                del on_path[path.pop()]
            elif node in on_path:
                return _pairs([*path[on_path[node] :], node])
            elif node not in done:
                on_path[node] = len(path)
                path.append(node)
                ahead.append(iter(after.get(node, ())))
    return []


def _pairs(path: Sequence[Node]) -> list[tuple[Node, Node]]:
    return list(pairwise(path))


def by_group(groups: Sequence[Hashable]) -> Mapping[Hashable, list[int]]:
    """Rows by number under each group that has at least two."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for nth, group in enumerate(groups):
        found[group].append(nth)
    return {group: each for group, each in found.items() if len(each) > 1}
