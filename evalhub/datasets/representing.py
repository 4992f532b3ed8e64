"""How the prompts of each split compare with the prompts they were taken from, slice by slice."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from evalhub.accounts.models import Workspace
from evalhub.common.files import Beat, unwatched
from evalhub.datasets.queries import SPLITS
from evalhub.prompts.models import Prompt

MOST_VALUES, MOST_SLICES = 20, 20  # of a slice; the rest is told as others
NOT_GIVEN, OTHERS = "not given", "others"
BATCH = 1000

Shares = dict[str, Counter[str]]  # {slice: {value: prompts}}


def slices_report(
    workspace: Workspace, collections: Sequence[str], folder: Path, beat: Beat = unwatched
) -> list[dict[str, Any]]:
    """For each slice: prompts by value in the collections and in each split, and a test for each split.

    `p` is the chance of such a split were it drawn from the collections' prompts; None: too few.
    """
    whole, total = _of_collections(workspace, collections)
    parts = {split: (Counter[str](), defaultdict[str, Counter[str]](Counter)) for split in SPLITS}
    for split, found in _of_rows(workspace, folder, beat):
        counted, shares = parts[split]
        counted["prompts"] += 1
        for name, value in found.items():
            shares[name][value] += 1
    return [
        _slice(
            name, whole[name], total, {s: (n["prompts"], by[name]) for s, (n, by) in parts.items()}
        )
        for name in sorted(whole, key=lambda name: (-whole[name].total(), name))[:MOST_SLICES]
    ]


def _slice(
    name: str, whole: Counter[str], total: int, parts: dict[str, tuple[int, Counter[str]]]
) -> dict[str, Any]:
    from evalhub.stats.representative import chance_of_part  # brings scipy, which no page needs

    values = [value for value, _ in sorted(whole.items(), key=lambda each: (-each[1], each[0]))]
    shown = values[:MOST_VALUES]
    names = [*shown, *([OTHERS] if values[MOST_VALUES:] else []), NOT_GIVEN]
    whole_V = _counts(shown, names, whole, total)
    part_V = {split: _counts(shown, names, found, n) for split, (n, found) in parts.items()}
    return {
        "slice": name,
        "values": [
            {
                "value": value,
                "collections": int(whole_V[nth]),
                "splits": {split: int(counts[nth]) for split, counts in part_V.items()},
            }
            for nth, value in enumerate(names)
            if whole_V[nth] or any(counts[nth] for counts in part_V.values())
        ],
        "prompts": {"collections": total} | {split: n for split, (n, _) in parts.items()},
        "p": {split: _rounded(chance_of_part(counts, whole_V)) for split, counts in part_V.items()},
    }


def _counts(shown: list[str], names: list[str], found: Counter[str], n: int) -> Any:  # an array
    given = [found[value] for value in shown]
    others = [found.total() - sum(given)] if OTHERS in names else []
    return np.array([*given, *others, n - found.total()], np.int64)


def _rounded(p: float | None) -> float | None:
    return None if p is None else round(p, 4)


def _of_collections(workspace: Workspace, collections: Sequence[str]) -> tuple[Shares, int]:
    prompts = Prompt.objects.filter(workspace=workspace).in_use()
    if collections:
        prompts = prompts.filter(collection__slug__in=collections)
    shares: Shares = defaultdict(Counter)
    for name, value, count in _by_slice(prompts):
        shares[name][value] = count
    return shares, prompts.count()


def _by_slice(prompts: QuerySet[Prompt]) -> list[tuple[str, str, int]]:
    inner, values = prompts.order_by().values("slices").query.sql_with_params()
    rows = f"({inner}) p, jsonb_each_text(p.slices) s"  # Django's own SQL, with its parameters
    statement = f"SELECT s.key, s.value, count(*) FROM {rows} GROUP BY 1, 2"  # noqa: S608  see above
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _of_rows(
    workspace: Workspace, folder: Path, beat: Beat
) -> Iterator[tuple[str, dict[str, str]]]:
    """The split and the slices of each prompt behind a row, each prompt once."""
    for batch in _batches(_prompts(folder, beat)):
        found = Prompt.objects.filter(workspace=workspace, uid__in=list(batch))
        for uid, slices in found.values_list("uid", "slices"):
            yield batch[uid], slices


def _prompts(folder: Path, beat: Beat) -> Iterator[tuple[UUID, str]]:
    seen: set[int] = set()
    with (folder / "lineage.jsonl").open("rb") as lines:
        for line in lines:
            beat()
            row = json.loads(line)
            uid = UUID(row["prompt"])
            if uid.int not in seen:
                seen.add(uid.int)
                yield uid, row["split"]


def _batches(pairs: Iterable[tuple[UUID, str]]) -> Iterator[dict[UUID, str]]:
    iterator = iter(pairs)
    while batch := dict(islice(iterator, BATCH)):
        yield batch
