"""What the manifest tells about the rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from evalhub.datasets.cleaning.steps import REASONS as OF_CLEANING
from evalhub.datasets.rows import REASONS
from evalhub.datasets.spill import AUGMENTED, Entry

EXAMPLES = 20  # of each reason in the manifest; all of them stand in left_out.jsonl


OF_FOUND = (
    "archived",
    "withdrawn",
    "no_split",
    "red_team",
    "too_long",
    "calls_tools",
    "not_test",
    "crosses_splits",
    "not_drawn",
    "augmented",
    *OF_CLEANING,
)  # why a row that was found is left out


@dataclass
class Counts:
    """What the manifest tells about the rows."""

    prompts: int = 0
    judgments: int = 0
    behind_rows: int = 0  # judgments that speak for a row, counted once for each row
    found: int = 0  # rows before identical ones became one
    rows: Counter[str] = field(default_factory=Counter)
    groups: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # 64 bits each
    origins: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    test_prompts: dict[str, int] = field(default_factory=dict)  # of an SFT build
    carried: Counter[str] = field(default_factory=Counter)  # see Evidence
    distrusted: int = 0  # answers on whose question people agree too little
    half: int = 0  # pairs with P = 0.5, kept or left out
    mixture: list[dict[str, Any]] = field(default_factory=list)  # of the training split, by part
    augmented: int = 0  # rows, which were not found but made
    balance: dict[str, Any] = field(default_factory=dict)  # by value of the slice

    def see(self, entry: Entry) -> None:
        """Count a row that is written."""
        self.rows[entry.split] += 1
        self.groups[entry.split].add(int(entry.group[:8] + entry.group[-8:], 16))
        self.origins[entry.origin] += 1
        self.behind_rows += entry.judgments
        self.augmented += entry.origin.startswith(AUGMENTED)

    @property
    def identical_merged(self) -> int:
        """How many rows fewer there are because rows of the same text became one."""
        left = sum(self.left_out[each] for each in OF_FOUND)
        return self.found - left - sum(self.rows.values()) + self.augmented

    def left_out_report(self) -> dict[str, Any]:
        return {
            reason: {"count": count, "why": REASONS[reason], "examples": self.examples[reason]}
            for reason, count in sorted(self.left_out.items())
        }
