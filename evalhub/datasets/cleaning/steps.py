"""What each step means in words, and what the manifest tells about it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal

from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.recipe import VERSIONS

EXAMPLES = 5  # of each step in the manifest; every one stands in lineage.jsonl or left_out.jsonl

MEANS = {
    "unicode": "text that was read in the wrong encoding, accents apart from their letters",
    "white_space": "spaces at ends of lines, odd spaces, more than two blank lines",
    "control_tokens": "marks of chat templates, shown as ⟨…⟩ and ⟦…⟧",
    "normalise": "dates, numbers and abbreviations in one form",
    "spelling": "corrections that a person accepted",
    "personal": "personal data and keys",
    "unsafe": "unsafe or offensive words",
    "language": "in none of the languages asked for",
    "refused": "a short answer that declines",
    "truncated": "an answer that stops short",
    "off_topic": "an answer that shares no word with its prompt",
    "outliers": "far shorter or longer than the other texts",
    "near_duplicates": "says nearly the same as another row",
    "contradictions": "another row prefers the other answer",
    "cycles": "preferences that go round in a circle",
}

REASONS = {
    "blank_when_clean": "nothing is left of an answer when it is cleaned",
    "same_when_clean": "both answers have the same text when they are cleaned",
    "rated_unsafe": "people rate the answer below the least safety",
    **{f"cleaning_{step}": f"cleaning: {why}" for step, why in MEANS.items()},
}


@dataclass
class Count:
    looked: int = 0  # texts or rows, wherever they stand: one that stands twice counts twice
    changed: int = 0
    found: int = 0  # without a change
    left_out: int = 0  # rows
    examples: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Steps:
    """Counts by step. `not_run`: what was asked for and could not be done, and why."""

    counts: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    not_run: dict[str, str] = field(default_factory=dict)

    def note(self, step: str, what: str, example: dict[str, str]) -> None:
        count = self.counts[step]
        if what == "changed" or what.startswith("masked "):
            count.changed += 1
        else:
            count.found += 1
        if len(count.examples) < EXAMPLES:
            count.examples.append(example)

    def report(self, *, texts: Counter[str]) -> dict[str, Any]:
        """For the manifest. `texts`: how many were cleaned, and how many were known by their digest."""
        steps = [
            {
                "step": step,
                "version": VERSIONS[step],
                "means": MEANS[step],
                "looked": self.counts[step].looked,
                "changed": self.counts[step].changed,
                "found": self.counts[step].found,
                "left_out": self.counts[step].left_out,
                "examples": self.counts[step].examples,
            }
            for step in MEANS
            if step in self.counts
        ]
        return {
            "texts": {"cleaned": texts["cleaned"], "known": texts["known"]},
            "steps": steps,
            "not_run": self.not_run,
        }


Field = Literal["prompt", "completion", "chosen", "rejected", "label", "row"]


def leaves(options: Cleaning, step: str, at: str) -> bool:
    """Whether a row goes because of what `step` found in its field `at`.

    Personal data and another language count anywhere; the rest in what a model would learn to say.
    """
    act = getattr(options, step, "report")
    if act != "leave_out":
        return False
    if step == "personal":
        return True
    return at != "rejected" if step == "language" else at not in ("rejected", "prompt")
