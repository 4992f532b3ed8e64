"""What a reader yields: a prompt, a judgment, or the reason why a row is neither."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=200)]
ModelName = Annotated[str, Meta(min_length=1, max_length=120)]
Text = Annotated[str, Meta(min_length=1)]

UNKNOWN_MODEL = "unknown"
EXCERPT = 160  # characters


class ToolCall(Struct, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    arguments: dict[str, Any] = {}


class Message(Struct, frozen=True, omit_defaults=True):
    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: list[ToolCall] = []  # of an assistant's turn


class CompletionRow(Struct, frozen=True):
    id: Id
    content: str  # empty only where there are tool calls
    model: ModelName = UNKNOWN_MODEL
    settings: dict[str, Any] = {}
    tool_calls: list[ToolCall] = []


class PromptRow(Struct, frozen=True, kw_only=True):
    """A conversation up to the turn to be answered, and the answers that came with it."""

    line: int = 0
    id: Id
    messages: Annotated[list[Message], Meta(min_length=1)]
    reference: str | None = None
    documents: list[Any] = []
    slices: dict[str, str] = {}
    group: Id | None = None
    completions: list[CompletionRow] = []
    ignored: tuple[str, ...] = ()  # fields of the file that mean nothing to us


class RatingRow(Struct, frozen=True):
    """An answer to one question: its number, or its words as the rubric has them (`label`)."""

    response: str | None  # none where the prompt alone is judged
    criterion: str
    value: Annotated[int, Meta(ge=-32768, le=32767)] | None = None
    reason: Annotated[str, Meta(max_length=40)] = ""
    label: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class PreferenceRow(Struct, frozen=True):
    """`choice` is the id of a response, "tie" or "both_bad"; no criterion means overall."""

    choice: str
    criterion: str | None = None
    strength: Annotated[int, Meta(ge=1, le=3)] = 1


class SpanRow(Struct, frozen=True):
    """A marked passage: offsets from 0 in Unicode code points, `end` behind the last one.

    `text`, the passage itself, tells whether the offsets are right.
    """

    response: str | None  # none: of the prompt's last turn
    start: Annotated[int, Meta(ge=0)]
    end: Annotated[int, Meta(ge=1)]
    error_type: Annotated[str, Meta(max_length=50)]
    severity: Annotated[str, Meta(max_length=50)] = ""
    text: str | None = None
    note: str = ""


class CorrectionRow(Struct, frozen=True):
    """A response as it should have been."""

    response: str
    content: Text


class JudgmentRow(Struct, frozen=True, kw_only=True):
    """What somebody thought of the answers to one prompt, or wrote to it; ids are the file's."""

    line: int = 0
    id: Id
    prompt: Id
    responses: Annotated[list[Id], Meta(max_length=8)]
    rubric: str = "default"
    annotator: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    source: Literal["human", "simulated", "imported", "model"] = "imported"
    ratings: list[RatingRow] = []
    preferences: list[PreferenceRow] = []
    ranking: list[list[str]] = []  # tiers, the best first
    spans: Annotated[list[SpanRow], Meta(max_length=500)] = []
    corrections: list[CorrectionRow] = []
    demonstration: str = ""  # the answer that the person wrote
    critique: str = ""
    ignored: tuple[str, ...] = ()


class Rejected(Struct, frozen=True):
    """Why a row was not taken: which field, and what would make it right."""

    line: int  # from 1; in a JSON array the item's number
    field: str
    reason: str
    excerpt: str = ""


Row = PromptRow | JudgmentRow | Rejected


def excerpt_of(text: str) -> str:
    """The start of a row, safe to store whatever it holds."""
    shown = text[:EXCERPT].replace("\x00", "\N{SYMBOL FOR NULL}")
    return shown.encode("utf-8", "replace").decode() + ("…" if len(text) > EXCERPT else "")


def plain(value: Struct) -> Any:
    """The row as JSON types, for digests."""
    return msgspec.to_builtins(value)
