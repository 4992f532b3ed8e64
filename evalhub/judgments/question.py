"""What was asked, and the answers as they are stored: by key, whatever was shown in which order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from evalhub.campaigns.choices import Ask, TaskType
from evalhub.judgments.errors import InvalidJudgment
from evalhub.rubrics.models import Criterion


@dataclass(frozen=True)
class Question:
    """What was asked."""

    type: str
    completions: Sequence[int]  # keys, in the task's own order
    permutation: Sequence[int]  # permutation[i] is the place shown as the i-th response
    criteria: Sequence[Criterion]
    asks: Collection[str] = ()
    masks_identity: bool = False

    @property
    def shown(self) -> dict[str, int]:
        """The key of the completion behind each label: A is the first shown."""
        return {
            ascii_uppercase[nth]: self.completions[place]
            for nth, place in enumerate(self.permutation)
        }

    @property
    def rates(self) -> bool:
        return self.type in (TaskType.RATING, TaskType.LABEL) or Ask.RATINGS in self.asks

    @property
    def needs_material(self) -> bool:
        """Whether the texts themselves say what must be answered."""
        return bool({Ask.STEPS, Ask.TOOL_CALLS, Ask.TURNS} & set(self.asks))


@dataclass(frozen=True)
class Material:
    """The texts that a question is about; needed only where an answer points into them."""

    messages: list[dict[str, Any]]
    documents: list[str]
    contents: dict[int, str]  # by completion key
    tool_calls: dict[int, list[dict[str, Any]]]
    error_types: Collection[str]  # slugs
    severities: Collection[str]

    @property
    def assistant_turns(self) -> list[int]:
        """Places of the turns that can be judged each on its own."""
        return [nth for nth, turn in enumerate(self.messages) if turn["role"] == "assistant"]


class RatingFound(NamedTuple):
    completion: int | None
    criterion: int
    turn: int | None
    value: int | None
    reason: str
    comment: str


class PreferenceFound(NamedTuple):
    criterion: int | None
    first: int
    second: int
    margin: int
    both_bad: bool
    comment: str


class SpanFound(NamedTuple):
    completion: int | None
    start: int
    end: int
    error_type: str
    severity: str
    evidence: str
    document: int | None
    document_start: int | None
    document_end: int | None
    note: str


class StepFound(NamedTuple):
    completion: int
    step: int
    start: int
    end: int
    verdict: str


class ToolCallFound(NamedTuple):
    completion: int
    call: int
    right_tool: bool
    right_arguments: bool | None


@dataclass
class Findings:
    """The answers as they are stored."""

    ratings: list[RatingFound] = field(default_factory=list)
    preferences: list[PreferenceFound] = field(default_factory=list)
    ranking: list[tuple[int, int]] = field(default_factory=list)  # completion, tier
    corrections: list[tuple[int, str]] = field(default_factory=list)  # completion, content
    spans: list[SpanFound] = field(default_factory=list)
    steps: list[StepFound] = field(default_factory=list)
    tool_calls: list[ToolCallFound] = field(default_factory=list)
    demonstration: list[str] = field(default_factory=list)  # one or none


def wrong(place: str, sentence: str) -> InvalidJudgment:
    return InvalidJudgment(sentence, field=place)


def completion_behind(label: str, question: Question, place: str) -> int:
    """The key behind `label`, or InvalidJudgment naming `place`."""
    shown = question.shown
    if label not in shown:
        told = _("No response “%(label)s”; there are: %(known)s.")
        raise wrong(place, told % {"label": label, "known": ", ".join(shown) or _("none")})
    return shown[label]
