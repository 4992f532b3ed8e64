"""How many training rows each part gives, and what each row weighs in a balanced set."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from evalhub.common.canonical import canonical_bytes
from evalhub.datasets.definition import Definition, Part
from evalhub.datasets.errors import BadDefinition
from evalhub.datasets.spill import Entry
from evalhub.datasets.texts import Asked
from evalhub.prompts.models import Split

REST = 0  # the part of rows that no part of the definition takes
NO_VALUE = ""  # of a slice


def places(definition: Definition) -> list[str]:
    """The name of each part by its place: the rest, the definition's own, the replayed builds."""
    replayed = [f"replay of {each.build}" for each in definition.replay]
    return ["the rest", *(each.name for each in definition.parts), *replayed]


class Sorting:
    """Which part and which value of the balanced slice a prompt's rows are of."""

    def __init__(self, definition: Definition) -> None:
        self._parts, self._key = definition.parts, definition.balance
        self._reads_slices = bool(self._key) or any(each.slices for each in self._parts)

    def of(self, asked: Asked) -> tuple[int, str]:
        slices = json.loads(asked.slices) if self._reads_slices else {}
        value = self.value_of(slices)
        for place, part in enumerate(self._parts, start=1):
            if _takes(part, asked, slices):
                return place, value
        return REST, value

    def value_of(self, slices: Mapping[str, str]) -> str:
        return slices.get(self._key, NO_VALUE) if self._key else NO_VALUE


def _takes(part: Part, asked: Asked, slices: Mapping[str, str]) -> bool:
    if part.collections and asked.collection not in part.collections:
        return False
    return all(slices.get(key) in values for key, values in part.slices.items())


def needs_mixing(definition: Definition) -> bool:
    """Whether the training split is anything but all that was found, as it weighs."""
    return bool(
        definition.parts or definition.replay or definition.balance or definition.temperature != 1
    )


class Mixing:
    """Counts the training rows of each part, then takes of each the first by id: a sample that is the
    same on any machine, and grows with what a part may give.
    """

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._there = [0] * len(places(definition))
        self._quota: list[int] = []
        self._weighed, self._drawn = [0] * len(self._there), [0] * len(self._there)
        self._values: Counter[str] = Counter()  # rows
        self._weights: defaultdict[str, float] = defaultdict(float)  # of those together
        self._factors: dict[str, float] = {}

    def count(self, entry: Entry) -> None:
        if entry.split == Split.TRAIN:
            self._there[entry.part] += 1

    def settle(self) -> None:
        self._quota = quotas(self._there, self._definition)

    def weigh(self, entry: Entry) -> None:
        """Count the values of the rows that will be taken; after `settle`."""
        if entry.split == Split.TRAIN and self._weighed[entry.part] < self._quota[entry.part]:
            self._weighed[entry.part] += 1
            self._values[entry.value] += 1
            self._weights[entry.value] += json.loads(entry.row)["weight"]
            self._factors = {}

    def drawn(self, entry: Entry) -> Entry | str:
        """The row with its weight, or why it is not taken."""
        if entry.split != Split.TRAIN:
            return entry
        if self._drawn[entry.part] >= self._quota[entry.part]:
            return "not_drawn"
        self._drawn[entry.part] += 1
        if not self._values:
            return entry
        self._factors = self._factors or factors(self._weights)
        factor = self._factors[entry.value]
        row, lineage = json.loads(entry.row), json.loads(entry.lineage)
        lineage["before_balance"] = row["weight"]  # from which a build that replays the row begins
        row["weight"] = round(row["weight"] * factor, 3)
        return replace(entry, row=canonical_bytes(row), lineage=canonical_bytes(lineage))

    def mixture(self) -> list[dict[str, Any]]:
        rows = zip(places(self._definition), self._there, self._quota, strict=True)
        total = sum(self._quota) or 1
        return [
            {"part": name, "found": found, "taken": taken, "share": round(taken / total, 4)}
            for name, found, taken in rows
        ]

    def balance(self) -> dict[str, Any]:
        told = factors(self._weights)
        return {
            value or "none": {"rows": self._values[value], "factor": round(told[value], 4)}
            for value in sorted(told)
        }


def quotas(available: Sequence[int], definition: Definition) -> list[int]:
    """How many rows of each part are taken: as many as there can be in the proportions asked for.

    Parts with a share have it; the others divide what is left by their sizes to the power of
    1 / temperature. A cap holds before that.

    Args:
        available: rows of each part, by `places`.

    Raises:
        BadDefinition: a part that shall have a share has no row; or the shares leave something to the other
            rows, and there is none.

    >>> from evalhub.datasets.definition import definition_of
    >>> own = {"parts": [{"name": "own", "slices": {"domain": ["law"]}, "share": 0.51}]}
    >>> quotas([1000, 102], definition_of(own))
    [98, 102]
    """
    caps = [None, *(each.cap for each in definition.parts), *(None for _ in definition.replay)]
    shares: list[float | None] = [None, *(each.share for each in definition.parts)]
    shares += [each.share for each in definition.replay]
    there = [
        count if cap is None else min(count, cap)
        for count, cap in zip(available, caps, strict=True)
    ]
    if definition.temperature == 1 and not any(shares):
        return there
    names = places(definition)
    if empty := [
        name for name, share, count in zip(names, shares, there, strict=True) if share and not count
    ]:
        raise BadDefinition(
            f"There is no training row for {', '.join(empty)}: its share cannot be met."
        )
    named = sum(share or 0 for share in shares)
    if named < 1 - 1e-9 and not any(
        count for share, count in zip(shares, there, strict=True) if not share
    ):
        raise BadDefinition(
            f"The parts with a share make up {named * 100:g} %, and there is no training row for the rest: "
            "bring other rows in, or give shares that add up to 1."
        )
    wanted = _proportions(there, shares, definition.temperature)
    whole = min(count / part for count, part in zip(there, wanted, strict=True) if part)
    return [int(whole * part + 1e-6) for part in wanted]


def _proportions(
    there: Sequence[int], shares: Sequence[float | None], temperature: float
) -> list[float]:
    left = max(0.0, 1 - sum(share or 0 for share in shares))
    sizes = [
        0.0 if share else count ** (1 / temperature)
        for count, share in zip(there, shares, strict=True)
    ]
    free = sum(sizes) or 1.0
    wanted = [share or left * size / free for share, size in zip(shares, sizes, strict=True)]
    return [each / sum(wanted) for each in wanted] if any(wanted) else wanted


def factors(weights: Mapping[str, float]) -> dict[str, float]:
    """By what the weights of each value's rows are multiplied, so that all values weigh the same together
    and all rows as much as before.

    >>> factors({"de": 30.0, "en": 10.0})
    {'de': 0.6666666666666666, 'en': 2.0}
    """
    each = sum(weights.values()) / max(len(weights), 1)
    return {value: each / weight for value, weight in weights.items()}
