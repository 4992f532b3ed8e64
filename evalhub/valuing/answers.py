"""What is known of an answer, for whoever turns it into numbers; pages may import it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """`scores` are of reward models, by their keys; `slices` the prompt's, as "key=value"."""

    prompt: str
    text: str
    model: int = 0  # the key of the model that wrote it; 0: a person did
    scores: Mapping[int, float] = field(default_factory=dict)
    slices: Sequence[str] = ()
