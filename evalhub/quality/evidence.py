"""What was said about one prompt, as plain values."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from evalhub.quality.consensus import Marks, Votes


class Pair(NamedTuple):
    """Two completions by key, the lower first, and the criterion's slug or OVERALL."""

    first: int
    second: int
    criterion: str


class Mark(NamedTuple):
    completion: int
    criterion: str


class Corrected(NamedTuple):
    judgment: str  # uid
    completion: int
    content: str
    at: datetime
    reliability: float | None = None  # of its author; None: not known, or not asked for


class Written(NamedTuple):
    """An answer that a person wrote to the prompt themselves."""

    judgment: str  # uid
    content: str
    at: datetime
    reliability: float | None = None


class CalledSo(NamedTuple):
    """What a label says by how far its author can be relied on; by the text of each possible one."""

    prior: dict[str, float]
    likelihood: dict[str, float]


class Label(NamedTuple):
    """What somebody said about the prompt alone; `text` is what the button said."""

    judgment: str  # uid
    criterion: str
    text: str | None  # None: could not tell
    called: CalledSo | None = None  # None: not known, or not asked for
    weight: float = 1.0


def _votes() -> dict[Pair, Votes]:
    return defaultdict(Votes)


def _marks() -> dict[Mark, Marks]:
    return defaultdict(Marks)


@dataclass(slots=True)
class Evidence:
    """Everything that was said about the completions of one prompt."""

    votes: dict[Pair, Votes] = field(default_factory=_votes)
    rankings: dict[Pair, Votes] = field(default_factory=_votes)
    neighbours: dict[Pair, Votes] = field(default_factory=_votes)
    marks: dict[Mark, Marks] = field(default_factory=_marks)
    steps: dict[int, Marks] = field(default_factory=dict)
    # by completion: how far its reasoning is right, 1 from the start to 5 to the end
    corrections: list[Corrected] = field(default_factory=list)
    demonstrations: list[Written] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    distrusted: int = 0  # answers that do not count, as people agree too little on their question
    judgments: int = 0
    carried: Counter[str] = field(default_factory=Counter)
    # answers under an earlier version of a rubric that were kept, mapped, left
