"""Conversations as other tools write them, as our messages; tool calls are kept.

Turns are `role` and `content` (OpenAI, TRL, LLaMA-Factory) or `from` and `value` (ShareGPT); content
is a text or a list of parts, of which only text is taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from evalhub.formats.outside import Cells
from evalhub.formats.reading import Unfit
from evalhub.formats.rows import Message, ToolCall

RoleName = Literal["system", "user", "assistant", "tool"]

ROLES: dict[str, RoleName] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "function_response": "tool",
    "tool_response": "tool",
    "ipython": "tool",
}
CALLS = ("function_call", "tool_call")  # turns that are nothing but the call, as JSON


class Exchange(NamedTuple):
    """A conversation up to the turn to be answered, and the answer if there is one."""

    messages: list[Message]
    answer: Message | None


class Tags(NamedTuple):
    """How a file names a turn's parts and its speakers, where it does so in its own way."""

    role: str = ""
    content: str = ""
    roles: Mapping[str, str] = {}  # its name of a speaker: one of ROLES or CALLS


def messages_of(turns: Any, field: str, tags: Tags | None = None) -> list[Message]:
    """Every turn as a message.

    Raises:
        Unfit: it is no list of turns, a speaker is unknown, or a part is no text.
    """
    if not isinstance(turns, list) or not turns:
        raise Unfit(field, "This must be a list of turns.")
    tags = tags or Tags()
    return [message_of(turn, f"{field}[{place}]", tags) for place, turn in enumerate(turns)]


def message_of(turn: Any, field: str, tags: Tags | None = None) -> Message:
    tags = tags or Tags()
    if not isinstance(turn, dict):
        raise Unfit(field, "A turn must be an object with role and content, or from and value.")
    role_key = next((key for key in (tags.role, "role", "from") if key and key in turn), "role")
    names = (tags.content, "content", "value", "text")
    content_key = next((key for key in names if key and key in turn), "content")
    said = str(turn.get(role_key))
    speaker = tags.roles.get(said, said)
    text = _text(turn.get(content_key), f"{field}.{content_key}")
    if speaker in CALLS:
        return Message("assistant", "", _calls_in(text, f"{field}.{content_key}"))
    role = ROLES.get(speaker.lower())
    if role is None:
        known = "system, user, assistant and tool"
        raise Unfit(f"{field}.{role_key}", f"Nobody is known as {said[:40]!r}; there are {known}.")
    return Message(role, text, _calls(turn, field) if role == "assistant" else [])


def exchange_of(messages: list[Message], field: str) -> Exchange:
    """The last turn as the answer if it is the assistant's; without one, a prompt alone.

    Raises:
        Unfit: nobody asked what the answer answers.
    """
    if messages[-1].role != "assistant":
        return Exchange(messages, None)
    before = messages[:-1]
    if not before or before[-1].role not in ("user", "tool"):
        raise Unfit(field, "The last turn, an answer, must follow one of the user or of a tool.")
    return Exchange(before, messages[-1])


def with_system(messages: list[Message], system: str) -> list[Message]:
    if system.strip() and messages[0].role != "system":
        return [Message("system", system), *messages]
    return messages


def tools_of(cells: Cells, *names: str) -> list[Any]:
    """The tools that a row declares, as a document beside the prompt: any JSON, or JSON as text."""
    for name in names:
        if declared := cells.get(name):
            told = declared if isinstance(declared, str) else json.dumps(declared, indent=1)
            if told.strip() not in ("", "[]", "{}", "null"):
                return [{"title": "Tools", "text": told}]
    return []


def _text(value: Any, field: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise Unfit(field, "The content must be text, or a list of parts.")
    texts = []
    for place, part in enumerate(value):
        if isinstance(part, str):
            texts.append(part)
            continue
        kind = part.get("type", "text") if isinstance(part, dict) else type(part).__name__
        said = part.get("text", part.get("value")) if isinstance(part, dict) else None
        if kind not in ("text", "input_text", "output_text") or not isinstance(said, str):
            raise Unfit(f"{field}[{place}]", f"Only text is taken, no {str(kind)[:40]}.")
        texts.append(said)
    return "".join(texts)


def _calls(turn: Cells, field: str) -> list[ToolCall]:
    calls = turn.get("tool_calls")
    if calls is None:
        single = turn.get("function_call")
        return [_call(single, f"{field}.function_call")] if single else []
    if not isinstance(calls, list):
        raise Unfit(f"{field}.tool_calls", "This must be a list of calls.")
    return [_call(each, f"{field}.tool_calls[{place}]") for place, each in enumerate(calls)]


def _calls_in(text: str, field: str) -> list[ToolCall]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unfit(field, 'A call must be JSON: {"name", "arguments"}.') from error
    calls = value if isinstance(value, list) else [value]
    return [_call(each, field) for each in calls]


def _call(value: Any, field: str) -> ToolCall:
    inner = value.get("function", value) if isinstance(value, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(name, str) or not name:
        raise Unfit(field, "A call must have a name and arguments.")
    return ToolCall(name, _arguments(inner.get("arguments", inner.get("parameters"))))


def _arguments(value: Any) -> dict[str, Any]:
    """As an object; what a model wrote that is none is kept as it is, under `text`."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return {"text": value}
        return parsed if isinstance(parsed, dict) else {"text": value}
    return value if isinstance(value, dict) else {}
