"""Near-duplicates: MinHash to find candidates, the exact Jaccard index to decide.

Sketches are stored, so that only new prompts are hashed. The old ones stream by: memory does not
grow with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
from django.db import transaction

from evalhub.accounts.models import Workspace
from evalhub.common.copying import copy_in
from evalhub.prompts.grouping import Merge, merge_each, roots_of
from evalhub.prompts.models import Prompt, Sketch
from evalhub.stats.clusters import Clusters, Deciding
from evalhub.stats.minhash import (
    ALIKE,
    BANDS,
    Candidates,
    bands_of,
    candidates_of,
    share_a_band,
)
from evalhub.stats.shingles import Hashes, Places, Shingles, jaccard, shingles_of

VERSION = 2  # of the sketches: those of another one are thrown away and made anew
BATCH = 20_000  # prompts
_CHARACTERS = 20_000_000  # in a batch, however few prompts they are
_STORED = np.dtype("<u8")  # the same on every machine

Conversation = list[dict[str, str]]


class Told(NamedTuple):
    key: int
    group: int
    text: str


@dataclass
class Near:
    looked: int = 0
    compared: int = 0  # pairs, each by the exact index
    beyond: int = (
        0  # pairs that were not, as their prompts are not alike too many others; see Decided
    )
    merges: list[Merge] = field(default_factory=list)

    @property
    def moved(self) -> list[Merge]:
        """Those whose prompts lost their split."""
        return [each for each in self.merges if each.was]


def merge_near_duplicates(workspace: Workspace, *, report: Callable[[int, int], None]) -> Near:
    """Group the prompts that nobody has compared with the others yet.

    Args:
        report: called with prompts done and in all, ahead of each batch.
    """
    Sketch.objects.filter(workspace=workspace).exclude(version=VERSION).delete()
    waiting = Prompt.objects.filter(workspace=workspace).not_sketched()
    total = waiting.count()
    found = Near()
    while True:
        report(found.looked, total)
        with transaction.atomic():
            Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
            told = waiting.values_list("pk", "group", "messages").order_by("pk")[:BATCH]
            batch = list(_few(told.iterator(chunk_size=1000)))
            if not batch:
                return found
            _look_at(workspace, batch, found)
        found.looked += len(batch)


def _few(waiting: Iterable[tuple[int, int, Conversation]]) -> Iterator[Told]:
    room = _CHARACTERS
    for key, group, messages in waiting:
        yield Told(key, group, text_of(messages))
        room -= sum(len(each["content"]) for each in messages)
        if room <= 0:
            return


def text_of(messages: Conversation) -> str:
    """What is compared: the whole conversation."""
    return " ".join(each["content"] for each in messages)


def _look_at(workspace: Workspace, batch: Sequence[Told], found: Near) -> None:
    shingles = shingles_of([each.text for each in batch])
    bands = bands_of(shingles)
    old_keys, old_bands = _old_with(workspace, np.unique(bands))
    first = len(old_keys)
    candidates = candidates_of(np.concatenate([old_bands, bands]), new=first)
    among = _Among(old_keys, candidates, shingles, [each.group for each in batch])
    clusters = among.clusters()
    deciding = Deciding(clusters, key_of=among.group, are_alike=among.are_alike)
    decided = deciding.decide(candidates, new=first)
    found.compared += decided.compared
    found.beyond += decided.beyond
    groups = [(among.group(one), among.group(other)) for one, other in decided.alike]
    found.merges += merge_each(groups)
    copy_in(
        Sketch,
        ["prompt_id", "workspace_id", "version", "bands"],
        (
            (told.key, workspace.pk, VERSION, row.tobytes())
            for told, row in zip(batch, bands.astype(_STORED), strict=True)
        ),
    )


def near_others(workspace: Workspace, told: Sequence[Told]) -> set[int]:
    """Places of those texts that are near-duplicates of a prompt of another group, or of an earlier one
    of them that belongs to another. All prompts have been looked at before.

    Args:
        told: `group` is the key of the group that each is to join.
    """
    if not told:
        return set()
    shingles = shingles_of([each.text for each in told])
    bands = bands_of(shingles)
    old_keys, old_bands = _old_with(workspace, np.unique(bands))
    first = len(old_keys)
    candidates = candidates_of(np.concatenate([old_bands, bands]), new=first)
    among = _Among(old_keys, candidates, shingles, [each.group for each in told])
    clusters, near = among.clusters(), set[int]()
    pairs = [*candidates.pairs.tolist(), *_pairs_in(candidates.crowds, first)]
    for one, other in pairs:
        is_other = clusters.root(among.group(one)) != clusters.root(among.group(other))
        if other - first not in near and is_other and among.are_alike(one, other):
            near.add(other - first)
    return near


def _pairs_in(crowds: Iterable[Places], first: int) -> Iterator[tuple[int, int]]:
    """Every pair of a crowd whose later text is new: those are few where this is asked."""
    for crowd in crowds:
        texts = crowd.tolist()
        for rank, other in enumerate(texts):
            if other >= first:
                yield from ((one, other) for one in texts[:rank])


class _Among:
    """Texts by their place: prompts that were looked at before, and new ones behind them.

    Of earlier prompts only those are read that a new one may be alike; of crowds each when it is asked for.
    """

    def __init__(
        self, old_keys: Places, candidates: Candidates, shingles: Shingles, groups: list[int]
    ) -> None:
        self._old_keys, self._shingles, self._new_groups = old_keys, shingles, groups
        first = len(old_keys)
        paired = np.unique(candidates.pairs[candidates.pairs < first])
        crowded = [crowd[crowd < first] for crowd in candidates.crowds]
        named = np.unique(np.concatenate([paired, *crowded]))
        told = list(_read(old_keys[paired]))
        self._sets: dict[int, frozenset[int]] = dict(zip(paired.tolist(), _sets(told), strict=True))
        group_of = dict(
            Prompt.objects.filter(pk__in=old_keys[named].tolist()).values_list("pk", "group")
        )
        self._groups = {at: group_of[int(old_keys[at])] for at in named.tolist()}

    def group(self, at: int) -> int:
        first = len(self._old_keys)
        return self._new_groups[at - first] if at >= first else self._groups[at]

    def clusters(self) -> Clusters:
        """The groups of all, of which some were merged."""
        clusters = Clusters()
        for key, root in roots_of({*self._groups.values(), *self._new_groups}).items():
            clusters.join(key, root)
        return clusters

    def are_alike(self, one: int, other: int) -> bool:
        return jaccard(self._set(one), self._set(other)) >= ALIKE

    def _set(self, at: int) -> frozenset[int]:
        if at not in self._sets:
            first = len(self._old_keys)
            if at >= first:
                self._sets[at] = self._shingles.of(at - first)
            else:
                self._sets[at] = next(_sets(_read(self._old_keys[[at]])))
        return self._sets[at]


def _old_with(workspace: Workspace, values: Hashes) -> tuple[Places, Hashes]:
    """Keys and bands of the prompts that have one of `values`, in the order of their keys."""
    sketches = Sketch.objects.filter(workspace=workspace).order_by("prompt_id")
    stored = sketches.values_list("prompt_id", "bands").iterator(chunk_size=BATCH)
    keys, bands = [np.zeros(0, np.int64)], [np.zeros((0, BANDS), np.uint64)]
    while some := list(islice(stored, BATCH)):
        joined = b"".join(each for _, each in some)
        bands_TB = np.frombuffer(joined, _STORED).reshape(-1, BANDS)
        mine = share_a_band(bands_TB, values)
        keys.append(np.array([key for key, _ in some], np.int64)[mine])
        bands.append(bands_TB[mine])
    return np.concatenate(keys), np.concatenate(bands)


def _read(keys: Places) -> Iterator[Told]:
    """The prompts with these keys, in order."""
    prompts = Prompt.objects.filter(pk__in=keys.tolist()).order_by("pk")
    for key, group, messages in prompts.values_list("pk", "group", "messages").iterator():
        yield Told(key, group, text_of(messages))


def _sets(told: Iterable[Told]) -> Iterator[frozenset[int]]:
    shingles = shingles_of([each.text for each in told])
    return (shingles.of(nth) for nth in range(len(shingles)))
