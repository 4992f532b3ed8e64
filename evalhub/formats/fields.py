"""From the fields of a record in another tool to a prompt and its responses, by their names."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from evalhub.formats.answers import completion_of
from evalhub.formats.chat import ROLES, exchange_of, messages_of
from evalhub.formats.outside import Cells
from evalhub.formats.reading import Piece, Unfit
from evalhub.formats.rows import CompletionRow, Message, PromptRow

_ASKING = re.compile(
    r"prompt|instruction|question|query|input|context|conversation|dialogue|chat|messages|human|user",
    re.I,
)
_ANSWERING = re.compile(
    r"response|answer|completion|output|reply|generation|assistant|model|candidate|text[_-]?[12ab]$|summary",
    re.I,
)


class Record(NamedTuple):
    """The prompt with its completions, and which field each completion came from."""

    prompt: PromptRow
    fields: dict[str, str]  # the field: the completion's id
    by_name: dict[str, CompletionRow]

    @property
    def responses(self) -> list[str]:
        return list(dict.fromkeys(self.fields.values()))


def record_of(piece: Piece, name: str, fields: Cells, where: str) -> Record:
    """Fields named like a question are the prompt, fields named like an answer the responses.

    Where no name tells, everything is the prompt: it is labelled alone. A conversation (a list of
    turns) is the prompt, and its last answer a response.

    Raises:
        Unfit: there is nothing to judge.
    """
    talk = _talk(fields)
    texts = {key: text for key, value in fields.items() if (text := _text(value)).strip()}
    messages: list[Message] = []
    answers: dict[str, CompletionRow] = {}
    if talk:
        key, turns = talk
        messages, answer = exchange_of(messages_of(turns, f"{where}.{key}"), f"{where}.{key}")
        if answer is not None:
            answers[key] = completion_of(answer)
    asking = {key for key in texts if _ASKING.search(key) and not _ANSWERING.search(key)}
    answering = [key for key in texts if _ANSWERING.search(key) and key not in asking]
    if not messages and not asking and len(answering) == len(texts):
        answering = answering if len(answering) > 1 else []  # one text: it is what is labelled
    listed = {key: value for key, value in fields.items() if _is_texts(value)}
    asked = [texts[key] for key in texts if key not in answering]
    if asked and not messages:
        messages = [Message("user", "\n\n".join(asked))]
    if not messages and (answering or listed):
        messages = [Message("user", "Compare the responses.")]
    if not messages:
        raise Unfit(where, "There is no text in it.")
    answers |= {key: completion_of(Message("assistant", texts[key])) for key in answering}
    for key, several in listed.items():
        for place, text in enumerate(several):
            answers[f"{key}[{place}]"] = completion_of(Message("assistant", text))
    different = {each.id: each for each in answers.values()}
    prompt = PromptRow(
        line=piece.line,
        id=name,
        messages=messages,
        completions=sorted(different.values(), key=lambda each: each.id),
    )
    return Record(prompt, {key: each.id for key, each in answers.items()}, answers)


def talk_in(fields: Cells, where: str) -> list[Message]:
    """Every turn of the first conversation among the fields; none where there is no such field.

    Raises:
        Unfit: a turn is none.
    """
    talk = _talk(fields)
    return messages_of(talk[1], f"{where}.{talk[0]}") if talk else []


def _talk(fields: Cells) -> tuple[str, list[Cells]] | None:
    """The first field that is a conversation, and its turns."""
    return next(((key, _turns(value)) for key, value in fields.items() if _is_talk(value)), None)


def _text(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _is_texts(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(t, str) and t.strip() for t in value)
    )


def _is_talk(value: Any) -> bool:
    """Turns as chat has them, or as Label Studio's paragraphs: `author` and `text`."""
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(turn, dict) for turn in value)
    ):
        return False
    return all({"role", "from", "author"} & set(turn) for turn in value)


def _turns(turns: list[Cells]) -> list[Cells]:
    """Authors who are no known speaker alternate: the first one asks."""
    if not all("author" in turn for turn in turns):
        return turns
    first = turns[0]["author"]
    known = all(str(turn["author"]).lower() in ROLES for turn in turns)
    return [
        {
            "role": turn["author"]
            if known
            else ("user" if turn["author"] == first else "assistant"),
            "content": turn.get("text", turn.get("content")),
        }
        for turn in turns
    ]
