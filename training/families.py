"""Prompts that begin alike: what they share is read once. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 32  # tokens that are worth reading apart


@dataclass(frozen=True)
class Family:
    """Places of prompts that share their first `shared` tokens; alone, a prompt shares none."""

    places: tuple[int, ...]
    shared: int


def families_of(prompts: Sequence[Sequence[int]], *, least: int = LEAST) -> list[Family]:
    """Prompts by what they begin with, so that as many tokens as can be need not be read again.

    Laid in order of their tokens, neighbours have most in common. The next one joins a family if then no
    fewer tokens are spared than without it. Each keeps one token of its own, from which its answer goes on.

    >>> said = [[1, 2, 3, 4], [9, 9], [1, 2, 3, 5, 6]]
    >>> [(each.places, each.shared) for each in families_of(said, least=2)]
    [((0, 2), 3), ((1,), 0)]
    """
    order = sorted(range(len(prompts)), key=lambda place: (list(prompts[place]), place))
    found: list[Family] = []
    mine: list[int] = []
    shared = 0
    for place in order:
        common = _common(prompts[mine[-1]], prompts[place]) if mine else 0
        with_it = min(common, shared) if len(mine) > 1 else common
        spared_now, spared_then = (len(mine) - 1) * shared, len(mine) * with_it
        if mine and with_it >= least and spared_then >= spared_now:
            mine.append(place)
            shared = with_it
            continue
        if mine:
            found.append(_family(mine, shared))
        mine, shared = [place], 0
    return [*found, _family(mine, shared)] if mine else found


def _family(places: Sequence[int], shared: int) -> Family:
    return Family(tuple(sorted(places)), shared)


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with, but for the last of each."""
    most = min(len(one), len(other)) - 1
    return next((at for at in range(most) if one[at] != other[at]), max(0, most))
