"""Deciding about pairs where many texts share a band."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evalhub.stats.clusters import MORE, Clusters, Decided, Deciding
from evalhub.stats.minhash import candidates_of


def decided(
    count: int, are_alike: Callable[[int, int], bool], *, new: int = 0, bands: int = 1
) -> tuple[Decided, list[int]]:
    """Of that many texts which share all bands."""
    shared = np.tile(np.arange(bands, dtype=np.uint64), (count, 1))
    clusters = Clusters()
    deciding = Deciding(clusters, key_of=lambda text: text, are_alike=are_alike)
    found = deciding.decide(candidates_of(shared, new=new), new=new)
    return found, [clusters.root(text) for text in range(count)]


def test_a_thousand_alike_texts_are_one_cluster_after_as_many_comparisons() -> None:
    found, roots = decided(1000, lambda _one, _other: True, bands=20)
    assert set(roots) == {0}
    assert (found.compared, found.beyond) == (999, 0)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.integers(1, 3))
def test_clusters_are_those_of_every_pair_whatever_their_order(
    kinds: list[int], bands: int
) -> None:
    found, roots = decided(len(kinds), lambda one, other: kinds[one] == kinds[other], bands=bands)
    assert roots == [kinds.index(kind) for kind in kinds]
    assert found.beyond == 0


@given(st.permutations(range(40)))
def test_a_chain_is_one_cluster_where_hardly_a_pair_is_alike(order: list[int]) -> None:
    """Each is alike the one before and behind it alone."""
    found, roots = decided(40, lambda one, other: abs(order[one] - order[other]) == 1)
    assert set(roots) == {0}
    assert found.beyond == 0


def test_what_is_left_out_among_strangers_is_counted() -> None:
    """300 strangers: 44,850 pairs. The last 99 have more than 200 before them, and leave 1, 2, … 99 of them."""
    found, roots = decided(300, lambda _one, _other: False, bands=3)
    assert len(set(roots)) == 300
    assert found.compared == 44_850 - 99 * 100 // 2
    assert found.beyond == 3 * 99 * 100 // 2  # in each band
    assert MORE == 200


def test_only_pairs_with_a_new_text_are_decided() -> None:
    found, _ = decided(100, lambda _one, _other: False, new=98)
    assert found.compared == 98 + 99
