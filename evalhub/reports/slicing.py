"""The slices of a campaign's prompts, and whether the campaign has its share of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.quality.arrays import APART
from evalhub.quality.columns import columns_of
from evalhub.stats.many_tests import holm
from evalhub.stats.proportions import wilson
from evalhub.stats.slices import drawn_by_lot

Ints = NDArray[np.int64]

KEYS, VALUES = 12, 40  # at most: the most frequent ones; the rest is counted as left out
SURE = 0.05

_ASKED = """
    SELECT DISTINCT t.prompt_id FROM campaigns_task t
    WHERE t.campaign_id = %(campaign)s AND t.kind <> ALL(%(apart)s)
"""
# All slices of a prompt together are one of few combinations, which are taken apart once for each.
_OF_ASKED = f"""
    SELECT p.slices, count(*) AS in_collection, count(*) AS in_campaign
    FROM prompts_prompt p WHERE p.id IN ({_ASKED}) GROUP BY p.slices
"""  # noqa: S608  constants only
_OF_COLLECTIONS = f"""
    SELECT p.slices, count(*) AS in_collection,
           count(*) FILTER (WHERE asked.prompt_id IS NOT NULL) AS in_campaign
    FROM prompts_prompt p LEFT JOIN ({_ASKED}) asked ON asked.prompt_id = p.id
    WHERE p.collection_id IN (
            SELECT q.collection_id FROM prompts_prompt q WHERE q.id IN ({_ASKED}))
      AND (p.archived_at IS NULL OR asked.prompt_id IS NOT NULL)
    GROUP BY p.slices
"""  # noqa: S608  constants only
_COUNTS = """
    WITH combinations AS MATERIALIZED ({combinations})
    SELECT each.name, each.value, hashtextextended(each.name || '=' || each.value, 0),
           sum(in_collection)::bigint, sum(in_campaign)::bigint
    FROM combinations CROSS JOIN LATERAL jsonb_each_text(slices) AS each (name, value) GROUP BY 1, 2
    UNION ALL
    SELECT '', '', 0, coalesce(sum(in_collection), 0)::bigint, coalesce(sum(in_campaign), 0)::bigint
    FROM combinations
    ORDER BY 4 DESC, 1, 2 LIMIT 5000
"""
_LINKS = f"""
    SELECT p.id, jsonb_hash_extended(p.slices, 0) FROM prompts_prompt p WHERE p.id IN ({_ASKED})
"""  # noqa: S608  constants only
_PARTS = f"""
    SELECT jsonb_hash_extended(slices, 0), hashtextextended(each.name || '=' || each.value, 0)
    FROM (SELECT DISTINCT p.slices FROM prompts_prompt p WHERE p.id IN ({_ASKED})) combinations
    CROSS JOIN LATERAL jsonb_each_text(slices) AS each (name, value)
"""  # noqa: S608  constants only


class Slice(NamedTuple):
    key: str
    value: str
    code: int
    in_collection: int
    in_campaign: int

    @property
    def name(self) -> str:
        return f"{self.key}={self.value}"


@dataclass(frozen=True)
class Slicing:
    """The slices that figures are made of, key by key, and which prompts are in which."""

    keys: dict[str, list[Slice]]
    left_out: int  # slices beyond KEYS and VALUES
    in_collection: int  # prompts
    in_campaign: int
    prompts: Ints  # of the campaign, rising; beside each the combination of its slices
    combinations: Ints
    parts: Ints  # slices by their code, with the combinations that have them
    parts_of: Ints

    def places(self, key: str, prompt_R: Ints) -> Ints:
        """Which of the key's slices each row's prompt is in; -1: none of them."""
        found: Ints = self._of_prompts(key)[np.searchsorted(self.prompts, prompt_R)]
        return found

    def _of_prompts(self, key: str) -> Ints:
        """The same of each prompt of the campaign."""
        codes = {each.code: place for place, each in enumerate(self.keys[key])}
        mine = np.isin(self.parts, np.fromiter(codes, dtype=np.int64, count=len(codes)))
        having, place = (
            self.parts_of[mine],
            np.array([codes[each] for each in self.parts[mine].tolist()], dtype=np.int64),
        )
        place_P = np.full(len(self.prompts) + 1, -1, dtype=np.int64)
        if not len(having):
            return place_P
        order = np.argsort(having, kind="stable")
        having, place = having[order], place[order]
        at_P = np.minimum(np.searchsorted(having, self.combinations), len(having) - 1)
        place_P[:-1] = np.where(having[at_P] == self.combinations, place[at_P], -1)
        return place_P


def slicing_of(campaign: Campaign, *, beside_collections: bool = False) -> Slicing:
    """The slices of the prompts that people are asked about.

    Args:
        beside_collections: also those of the other prompts of their collections, and how many.
    """
    about: dict[str, Any] = {"campaign": campaign.pk, "apart": [each.value for each in APART]}
    counts = _COUNTS.replace("{combinations}", _OF_COLLECTIONS if beside_collections else _OF_ASKED)
    with connection.cursor() as cursor:
        cursor.execute(counts, about)
        rows = [Slice(*row) for row in cursor.fetchall()]
    whole = next(row for row in rows if not row.key)
    every: dict[str, list[Slice]] = {}
    for row in rows:
        if row.key:
            every.setdefault(row.key, []).append(row)
    keys = {key: found[:VALUES] for key, found in list(every.items())[:KEYS]}
    prompts, combinations = columns_of(_LINKS, about, 2)
    order = np.argsort(prompts)
    parts_of, parts = columns_of(_PARTS, about, 2)
    return Slicing(
        keys=keys,
        left_out=len(rows) - 1 - sum(map(len, keys.values())),
        in_collection=whole.in_collection,
        in_campaign=whole.in_campaign,
        prompts=prompts[order],
        combinations=combinations[order],
        parts=parts,
        parts_of=parts_of,
    )


def representation(slicing: Slicing) -> list[dict[str, Any]]:
    """Each slice's share of the campaign's prompts (Wilson's interval) beside its share of their
    collections.

    `finding` is `missing` where the campaign has none, `over` or `under` where the share is off by more
    than a draw by lot explains (Fisher's exact test, corrected for all slices by Holm), or `as_expected`.
    """
    found = [each for key in sorted(slicing.keys) for each in slicing.keys[key]]
    part_C = np.array([each.in_campaign for each in found], dtype=np.int64)
    whole_C = np.array([each.in_collection for each in found], dtype=np.int64)
    p_C = drawn_by_lot(part_C, slicing.in_campaign, whole_C, slicing.in_collection)
    rows = []
    for each, p, corrected in zip(found, p_C.tolist(), holm(p_C).tolist(), strict=True):
        share = wilson(each.in_campaign, slicing.in_campaign)
        expected = each.in_collection / slicing.in_collection
        rows.append(
            {
                "slice": each.name,
                "value": share.value,
                "low": share.low,
                "high": share.high,
                "n": each.in_campaign,
                "expected": expected,
                "in_collection": each.in_collection,
                "p": p,
                "corrected": corrected,
                "finding": _finding(share.value or 0.0, expected, corrected),
            }
        )
    return rows


def _finding(share: float, expected: float, corrected: float) -> str:
    if not share:
        return "missing"
    if corrected >= SURE:
        return "as_expected"
    return "over" if share > expected else "under"
