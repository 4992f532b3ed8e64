"""A row of a dataset, and why what could have been one is none. Nothing here reads the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from evalhub.common.canonical import canonical_bytes
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.steps import REASONS as OF_CLEANING

ID_LENGTH = 32  # hex digits of a content uid
LEARNT = (BuildKind.SFT, BuildKind.PREFERENCE, BuildKind.UNPAIRED, BuildKind.REWARD)  # answers
WEIGHED = (*LEARNT, BuildKind.TEXT)  # in training, by `weight`


class Answer(Struct, frozen=True):
    """A completion as far as rows need it; `uid` is None for a correction."""

    content: str
    uid: str | None
    tool_calls: str = ""  # JSON, see Completion; empty: none
    finish: str = ""  # "length" where its limit cut it

    @property
    def whole(self) -> str:
        """All that it says: what tells it from others."""
        return f"{self.content}\n{self.tool_calls}" if self.tool_calls else self.content


Scores = dict[str, dict[str, float]]  # by criterion: mean and n


class Kept(Struct, frozen=True):
    """A row: its answers, of two the better first; who says so, and how sure they are."""

    answers: tuple[Answer, ...]
    origin: str
    reason: str
    judgments: tuple[str, ...]  # uids
    p_chosen: float = 1.0
    weight: float = 1.0
    flags: tuple[str, ...] = ()  # what a person should know of it, see findings
    margin: float = 0.0  # how much better, of a reward row
    is_good: bool = True  # of an unpaired row
    reference: str | None = None  # of an evaluation row
    scores: tuple[Scores, ...] = ()  # of an evaluation row, one for each answer


class LeftOut(Struct, frozen=True):
    reason: str  # a stable word, see REASONS
    answers: tuple[Answer, ...] = ()


REASONS = {
    "tie": "as many votes for one as for the other",
    "both_bad": "at least half of the votes say that neither will do",
    "no_consensus": "the share of the votes for the better one is too low",
    "below_margin": "the mean ratings lie closer together than the margin",
    "not_comparable": "no criterion on which both have a rating",
    "below_threshold": "the best mean rating is below the threshold",
    "nobody_could_tell": "rated only with “cannot tell”",
    "nothing_said": "judged, but with no evidence of the kinds asked for",
    "low_agreement": "people agree too little on all that was asked of it",
    "same_text": "both answers have the same text",
    "empty": "an answer is blank",
    "undecided": "neither good nor bad enough",
    "disagreed": "its ratings lie too far apart",
    "too_few": "fewer judgments than the definition asks for",
    "not_test": "its prompt is not of the test split",
    "crosses_splits": "prompts of different splits have this text",
    "not_drawn": "not needed for the mixture",
    "augmented": "made by augmentation for an earlier build, so nothing that people taught",
    "archived": "somebody archived or withdrew its prompt, or the one that it was written anew from",
    "withdrawn": "a judgment behind it was withdrawn since",
    "red_team": "a red-team prompt, which the definition does not ask for",
    "no_split": "its group was merged with one of another split",
    "calls_tools": "it calls tools, which plain strings cannot hold: ask for conversations",
    "too_long": "longer than the model can take",
    **OF_CLEANING,
}

Answers = dict[int, Answer]  # by key


def for_low_agreement(made: Iterable[Kept | LeftOut]) -> list[Kept | LeftOut]:
    """What was made of a prompt of which answers do not count; where nothing else is said, that is why."""
    left = [each for each in made if isinstance(each, Kept) or each.reason != "nothing_said"]
    return left or [LeftOut("low_agreement")]


def content_uid(messages: list[dict[str, Any]], kept: Kept, *more: str) -> str:
    """Names a row by its text alone, so that it is the same in every build and database.

    Args:
        more: the criterion of a label, as the same prompt may be called "yes" on two; declared tools.
    """
    texts = [each.whole for each in kept.answers]
    named = canonical_bytes([messages, *texts, *(each for each in more if each)])
    return hashlib.sha256(named).hexdigest()[:ID_LENGTH]


def prompt_uid(messages: list[dict[str, str]]) -> str:
    return hashlib.sha256(canonical_bytes([messages])).hexdigest()[:ID_LENGTH]


def as_row(
    kind: BuildKind,
    messages: list[dict[str, Any]],
    group: str,
    kept: Kept,
    form: str,
    *,
    tools: str = "",
) -> dict[str, Any]:
    """The row as trainers read it; what it takes beyond that (id, group, weights) they ignore.

    Args:
        tools: that the prompt declares, as JSON of a list; they go with conversations to be learnt.
    """
    told = tools if kind in LEARNT and form == "conversational" else ""
    row: dict[str, Any] = {"id": row_uid(kind, messages, kept, told), "group": group}
    if told:
        row["tools"] = told  # as text: readers of JSON lines want each column to have one type
    if kind != BuildKind.TEXT:
        row["prompt"] = messages if form == "conversational" else as_text(messages)
    row |= _BODIES[kind](kept, form)
    row["weight"] = round(kept.weight, 3)
    return row


def row_uid(kind: BuildKind, messages: list[dict[str, Any]], kept: Kept, tools: str = "") -> str:
    """The content uid of a row of that kind: a label is named by its criterion too, a document by its
    text alone, an evaluation row by its prompt.
    """
    if kind == BuildKind.TEXT:
        return content_uid([], kept)
    if kind == BuildKind.EVALUATION:
        return prompt_uid(messages)
    criterion = kept.origin if kind == BuildKind.CLASSIFICATION else ""
    return content_uid(messages, kept, criterion, tools)


def calls_tools(messages: list[dict[str, Any]], kept: Kept) -> bool:
    """Whether any turn or answer does, which plain strings cannot hold."""
    turns = any(each.get("tool_calls") for each in messages)
    return turns or any(each.tool_calls for each in kept.answers)


def as_text(messages: list[dict[str, Any]]) -> str:
    """A single turn as it is; a conversation with a label before each turn, ours to answer last."""
    if len(messages) == 1:
        return str(messages[0]["content"])
    turns = [f"{each['role'].capitalize()}: {each['content']}" for each in messages]
    return "\n\n".join([*turns, "Assistant: "])


def _said(answer: Answer, form: str) -> Any:  # Any: JSON
    if form != "conversational":
        return answer.content
    turn: dict[str, Any] = {"role": "assistant", "content": answer.content}
    return [turn | ({"tool_calls": json.loads(answer.tool_calls)} if answer.tool_calls else {})]


def _sft(kept: Kept, form: str) -> dict[str, Any]:
    return {"completion": _said(kept.answers[0], form)}


def _preference(kept: Kept, form: str) -> dict[str, Any]:
    chosen, rejected = (_said(each, form) for each in kept.answers)
    return {"chosen": chosen, "rejected": rejected, "p_chosen": round(kept.p_chosen, 3)}


def _unpaired(kept: Kept, form: str) -> dict[str, Any]:
    return {"completion": _said(kept.answers[0], form), "label": kept.is_good}


def _reward(kept: Kept, form: str) -> dict[str, Any]:
    return _preference(kept, form) | {"margin": round(kept.margin, 3)}


def _classification(kept: Kept, _form: str) -> dict[str, Any]:
    said = {"criterion": kept.origin, "label": kept.answers[0].content}
    return said | {"share": round(kept.p_chosen, 3)}


def _text(kept: Kept, _form: str) -> dict[str, Any]:
    return {"text": kept.answers[0].content}


def _evaluation(kept: Kept, _form: str) -> dict[str, Any]:
    told = zip(kept.answers, kept.scores, strict=True)
    completions = [{"content": answer.whole, "scores": scores} for answer, scores in told]
    return {"reference": kept.reference, "completions": completions}


_BODIES: Mapping[BuildKind, Callable[[Kept, str], dict[str, Any]]] = {
    BuildKind.SFT: _sft,
    BuildKind.PREFERENCE: _preference,
    BuildKind.UNPAIRED: _unpaired,
    BuildKind.REWARD: _reward,
    BuildKind.CLASSIFICATION: _classification,
    BuildKind.TEXT: _text,
    BuildKind.EVALUATION: _evaluation,
}
