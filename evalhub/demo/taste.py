"""The taste of the demo's simulated judges: polite before plain before curt, with one slip in ten."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

STYLES = ("polite", "plain", "curt")  # best first
MARKS = {  # criterion: the mark of each style; by mean 5, 3.75 and 2.75
    "relevance": {"polite": 5, "plain": 4, "curt": 3},
    "factuality": {"polite": 5, "plain": 4, "curt": 4},
    "safety": {"polite": 5, "plain": 4, "curt": 3},
    "helpfulness": {"polite": 5, "plain": 3, "curt": 1},
}  # so that one slip of two judges does not lift a curt answer to the mean of 4 that SFT rows need
SLIP = 0.1  # share of the answers that a judge takes for another style

_PHRASES = Path(__file__).parent / "phrases.json"


@dataclass(frozen=True)
class Taste:
    """One judge's view. It depends on who judges what and on nothing else, so it can be repeated."""

    judge: str

    def styles(self, prompt: str, responses: Sequence[str]) -> list[str]:
        """The style that the judge sees in each response."""
        return [self._seen(prompt, response) for response in responses]

    def _seen(self, prompt: str, response: str) -> str:
        style = style_of(response)
        chance = Random(f"{self.judge}\n{prompt}\n{response}")  # noqa: S311  no secret
        if chance.random() >= SLIP:
            return style
        return chance.choice([other for other in STYLES if other != style])


def style_of(text: str) -> str:
    """By opener and closer, as the demo model's corpus has them."""
    text, phrases = text.strip(), _phrases()
    if text.startswith(phrases["polite_openers"]):
        return "polite"
    if text.startswith(phrases["curt_openers"]) or text.endswith(phrases["curt_closers"]):
        return "curt"
    return "plain"


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    """Written beside the demo's answers by training.demo_model.answers."""
    return {key: tuple(each) for key, each in json.loads(_PHRASES.read_text("utf-8")).items()}
