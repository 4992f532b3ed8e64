"""How a function comes to its vote. No code of anybody's runs: a kind is one of ours, with parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from evalhub.labelling.choices import Of, Part, Unit
from evalhub.labelling.parameters import (
    ContainsCode,
    Keywords,
    Length,
    ModelScore,
    Parameters,
    Regex,
    Score,
    folded,
)
from evalhub.labelling.patterns import compiled, is_found

LONGEST = 50_000  # characters that are read of a text


class Material(NamedTuple):
    """What functions read of a prompt."""

    messages: list[dict[str, Any]]  # JSON
    slices: dict[str, str]
    scores: Mapping[UUID, Sequence[float]] = MappingProxyType({})
    # of its answers, by the model; of those models alone that a function asks for

    def part(self, part: Part) -> str:
        turns = self.messages if part == Part.CONVERSATION else self.messages[-1:]
        return "\n\n".join(str(turn.get("content") or "") for turn in turns)[:LONGEST]


Votes = Callable[[Material], bool]
"""Whether a function votes on a prompt. Raises TimeoutError: its pattern took too long to look for."""


def votes_by(given: Parameters) -> Votes:
    if isinstance(given, Regex):
        pattern = compiled(given.pattern, ignores_case=given.ignores_case)
        return lambda prompt: is_found(pattern, prompt.part(given.part))
    if isinstance(given, Keywords):
        return _by_words(given)
    if isinstance(given, Length):
        return lambda prompt: _is_within(_length(prompt.part(given.part), given.unit), given)
    if isinstance(given, ContainsCode):
        return lambda prompt: contains_code(prompt.part(given.part))
    if isinstance(given, ModelScore):
        return lambda prompt: _is_scored_by_model(prompt, given)
    return lambda prompt: _is_scored(prompt, given)


def contains_code(text: str) -> bool:
    """Whether a fenced block, or two lines that look like code, stand in the text.

    >>> contains_code("Explain:\\n```python\\nprint(1)\\n```"), contains_code("Call me (maybe).")
    (True, False)
    """
    if _FENCE.search(text):
        return True
    return sum(1 for line in text.splitlines() if _LINE.match(line[:300])) >= 2


_FENCE = re.compile(r"^ {0,3}(```|~~~)", re.MULTILINE)
_LINE = re.compile(
    r"""\s*(?:
        (?:def|class)\s+\w+\s*[(:] | import\s+[\w.]+;?$ | from\s+[\w.]+\s+import\b | return\b.*[;)\]]$
      | (?:if|for|while)\b.*[:{]$ | (?:function|fn|func)\s+\w+\s*\( | \#include\s*[<"]
      | (?:const|let|var|int|char|double|public|private|static)\s+\w.*[;{]$ | </?\w+[^<>]*>$
      | SELECT\s.+\sFROM\s | \w[\w.\[\]]*\s*[-+*/]?=\s*\S.*[;)\]]$ | \w[\w.]*\(.*\);?$ | [{}\])]+[;,]?$
    )""",
    re.VERBOSE,
)


def _by_words(given: Keywords) -> Votes:
    words = sorted({folded(word) for word in given.words}, key=len, reverse=True)
    any_of = "|".join(re.escape(word) for word in words)
    pattern = re.compile(rf"(?<!\w)(?:{any_of})(?!\w)")

    def votes(prompt: Material) -> bool:
        found = set()
        for match in pattern.finditer(folded(prompt.part(given.part))):
            found.add(match[0])
            if len(found) >= given.at_least:
                return True
        return False

    return votes


def _length(text: str, unit: Unit) -> int:
    return len(text.split()) if unit == Unit.WORDS else len(text)


def _is_scored(prompt: Material, given: Score) -> bool:
    try:
        score = float(prompt.slices.get(given.slice, "nan"))
    except ValueError:
        return False
    return math.isfinite(score) and _is_within(score, given)


def _is_scored_by_model(prompt: Material, given: ModelScore) -> bool:
    scores = prompt.scores.get(given.model, ())
    if len(scores) < (2 if given.of == Of.SPREAD else 1):
        return False
    return _is_within(_OF[given.of](scores), given)


_OF: Mapping[Of, Callable[[Sequence[float]], float]] = {
    Of.HIGHEST: max,
    Of.LOWEST: min,
    Of.MEAN: fmean,
    Of.SPREAD: lambda scores: max(scores) - min(scores),
}


def _is_within(value: float, given: Length | Score | ModelScore) -> bool:
    above = given.at_least is None or value >= given.at_least
    return above and (given.at_most is None or value <= given.at_most)
