"""What the shapes are made of: the texts of a row, and what a shape cannot hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]  # JSON, as a build has it
Record = dict[str, Any]  # JSON, as the outside format has it
Message = dict[str, Any]  # role, content, and of an assistant's turn perhaps tool_calls
Make = Callable[[Row], Record]  # raises CannotHold


class CannotHold(Exception):
    """The shape has no place for this row; `reason` is a word of WHY_LEFT_OUT."""

    def __init__(self, reason: str) -> None:
        super().__init__(WHY_LEFT_OUT[reason])
        self.reason = reason


WHY_LEFT_OUT = {
    "system": "it has a system prompt, which this shape has no place for",
    "several_turns": "it has more turns than one, which this shape has no place for",
    "single": "it is a conversation, and of such rows this shape takes a single turn",
    "answer": "its answer is more than one text",
    "turns": "its turns do not alternate between the two sides, as this shape wants them to",
    "tool_calls": "it calls tools in a way that this shape cannot say",
    "no_reference": "it has no reference answer",
    "not_wanted": "it is a bad answer, and this shape has good ones only",
    "tie": "people found both answers equally good, and this shape says only which is better",
}

MEANING = {
    "weight": "how many judgments stand behind a row (weight)",
    "p_chosen": "how sure people were of a pair (p_chosen): each becomes a hard label",
    "margin": "how much better the chosen answer is (margin)",
    "share": "how many agreed on a label (share)",
    "scores": "the scores that people gave (scores)",
}
_ONLY_OF = {
    "no_reference": ("evaluation",),
    "not_wanted": ("unpaired",),
    "single": ("reward", "unpaired"),
    "tie": ("preference", "reward"),
}
_SAYS_NOTHING: dict[str, Any] = {"weight": 1, "p_chosen": 1, "share": 1}
BESIDE = {  # columns beside the texts, by kind of build
    "sft": ("weight",),
    "preference": ("p_chosen", "weight"),
    "reward": ("margin", "p_chosen", "weight"),
    "unpaired": ("weight",),
    "text": (),
    "classification": ("share", "weight"),
    "evaluation": ("scores",),
}


@dataclass(frozen=True)
class Shape:
    """How a row looks to somebody else's program.

    `makes` has a function for each kind of build that the format can hold; `refuses` says for which
    reasons it may leave a row out; `keeps_all` tells whether also the columns beside the texts are
    kept, else they are lost. `notes` writes what the program reads beside the data: file names by
    split in, name and text of a file out.
    """

    title: str
    makes: dict[str, Make]
    refuses: tuple[str, ...] = ()
    keeps_all: bool = False
    notes: Callable[[str, dict[str, str]], tuple[str, str]] | None = None

    def loses(self, kind: str) -> tuple[str, ...]:
        """The columns of that kind of build for which there is no place."""
        return () if self.keeps_all else BESIDE.get(kind, ())

    def foretold(self, kind: str) -> list[str]:
        """What will be missing, in sentences, before anything is written."""
        lost = [f"Lost: {MEANING[name]}." for name in self.loses(kind)]
        may_refuse = (*self.refuses, *(() if self.keeps_all else ("tie",)))
        refused = [each for each in may_refuse if kind in _ONLY_OF.get(each, (kind,))]
        return lost + [f"A row is left out when {WHY_LEFT_OUT[each]}." for each in refused]

    def record(self, row: Row, kind: str) -> Record:
        """Raise CannotHold where the shape has no place for the row."""
        if not self.keeps_all and row.get("p_chosen") == 0.5:
            raise CannotHold("tie")
        return self.makes[kind](row)

    def lost_in(self, row: Row, kind: str) -> Iterator[str]:
        """Those of them that say something in this row."""
        for name in self.loses(kind):
            if row.get(name) not in (None, {}, _SAYS_NOTHING.get(name)):
                yield name


def messages_of(prompt: str | list[Message]) -> list[Message]:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt


def answer_of(answer: str | list[Message]) -> list[Message]:
    """An answer as turns; a bare text is the assistant's."""
    return [{"role": "assistant", "content": answer}] if isinstance(answer, str) else answer


def text_of(answer: str | list[Message]) -> str:
    """Raise CannotHold when the answer is more than one text."""
    turns = answer_of(answer)
    if len(turns) != 1:
        raise CannotHold("answer")
    if turns[0].get("tool_calls"):
        raise CannotHold("tool_calls")
    return str(turns[0]["content"])


def tools_of(row: Row) -> dict[str, Any]:
    """The tools that a row declares, as the API of OpenAI has them; {} where it declares none."""
    tools = json.loads(row.get("tools") or "[]")
    wrapped = [
        each if "function" in each else {"type": "function", "function": each} for each in tools
    ]
    return {"tools": wrapped} if wrapped else {}


@dataclass(frozen=True)
class Answered:
    """A conversation and the answer worth learning."""

    prompt: list[Message]
    answer: list[Message]

    @property
    def turns(self) -> list[Message]:
        return [*self.prompt, *self.answer]


def answered(row: Row) -> Answered:
    return Answered(messages_of(row["prompt"]), answer_of(row["completion"]))


def wanted(row: Row) -> Answered:
    """Of an unpaired row: the answer, if it is a good one."""
    if not row["label"]:
        raise CannotHold("not_wanted")
    return answered(row)


def referenced(row: Row) -> Answered:
    """Of an evaluation row: its reference is the answer."""
    if row.get("reference") is None:
        raise CannotHold("no_reference")
    return Answered(messages_of(row["prompt"]), answer_of(row["reference"]))


def labelled(row: Row) -> Answered:
    """Of a classification row: a question by the criterion's name, and the label as its answer."""
    prompt = messages_of(row["prompt"])
    texts = [f"{turn['role']}: {turn['content']}" for turn in prompt]
    text = prompt[0]["content"] if len(prompt) == 1 else "\n\n".join(texts)
    question = [{"role": "user", "content": f"{asks_for(row)}\n\n{text}"}]
    return Answered(question, answer_of(str(row["label"])))


def asks_for(row: Row) -> str:
    return f"Give this text its label for “{row['criterion']}”."


ANSWERED: dict[str, Callable[[Row], Answered]] = {  # kinds that teach one answer
    "sft": answered,
    "unpaired": wanted,
    "evaluation": referenced,
    "classification": labelled,
}


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
