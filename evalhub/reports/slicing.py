"""The slices of a campaign's prompts, and whether the campaign has its share of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.quality.arrays import APART, columns_of
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
_COUNTS = f"""
    WITH asked AS ({_ASKED}),
         prompts AS (
            SELECT p.slices, asked.prompt_id IS NOT NULL AS is_asked
            FROM prompts_prompt p LEFT JOIN asked ON asked.prompt_id = p.id
            WHERE p.collection_id IN (
                    SELECT q.collection_id FROM prompts_prompt q JOIN asked ON asked.prompt_id = q.id)
              AND (p.archived_at IS NULL OR asked.prompt_id IS NOT NULL))
    SELECT each.name, each.value, hashtextextended(each.name || '=' || each.value, 0), count(*),
           count(*) FILTER (WHERE is_asked)
    FROM prompts CROSS JOIN LATERAL jsonb_each_text(slices) AS each (name, value) GROUP BY 1, 2
    UNION ALL
    SELECT '', '', 0, count(*), count(*) FILTER (WHERE is_asked) FROM prompts
    ORDER BY 4 DESC, 1, 2 LIMIT 5000
"""  # noqa: S608  constants only
_LINKS = f"""
    SELECT p.id, hashtextextended(each.name || '=' || each.value, 0)
    FROM prompts_prompt p CROSS JOIN LATERAL jsonb_each_text(p.slices) AS each (name, value)
    WHERE p.id IN ({_ASKED})
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
    prompts: Ints  # of the campaign that have slices, with `codes` beside, in order of the code
    codes: Ints

    def places(self, key: str, prompt_R: Ints) -> Ints:
        """Which of the key's slices each row's prompt is in; -1: none of them."""
        place_R = np.full(len(prompt_R), -1, dtype=np.int64)
        keys, place_of = [], []
        for place, each in enumerate(self.keys[key]):
            begin, end = np.searchsorted(self.codes, [each.code, each.code + 1])
            keys.append(self.prompts[begin:end])
            place_of.append(np.full(end - begin, place))
        known = np.concatenate(keys)
        if not len(known):
            return place_R
        order = np.argsort(known)
        known, place_P = known[order], np.concatenate(place_of)[order]
        at_R = np.minimum(np.searchsorted(known, prompt_R), len(known) - 1)
        found: Ints = np.where(known[at_R] == prompt_R, place_P[at_R], place_R)
        return found


def slicing_of(campaign: Campaign) -> Slicing:
    about: dict[str, Any] = {"campaign": campaign.pk, "apart": [each.value for each in APART]}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, about)
        rows = [Slice(*row) for row in cursor.fetchall()]
    whole = next(row for row in rows if not row.key)
    every: dict[str, list[Slice]] = {}
    for row in rows:
        if row.key:
            every.setdefault(row.key, []).append(row)
    keys = {key: found[:VALUES] for key, found in list(every.items())[:KEYS]}
    prompts, codes = columns_of(_LINKS, about, 2)
    order = np.argsort(codes, kind="stable")
    return Slicing(
        keys=keys,
        left_out=len(rows) - 1 - sum(map(len, keys.values())),
        in_collection=whole.in_collection,
        in_campaign=whole.in_campaign,
        prompts=prompts[order],
        codes=codes[order],
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
