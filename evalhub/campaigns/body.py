"""What the annotator's calls say, besides a submit."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from evalhub.campaigns.errors import MalformedCall

MOST_DRAFT = 4 * 1024 * 1024  # bytes; a correction of 200,000 characters for each response fits


class ClaimBody(Struct, forbid_unknown_fields=True):
    holding: Annotated[list[UUID], Meta(max_length=100)] = []


class TokenBody(Struct, forbid_unknown_fields=True):
    token: Annotated[int, Meta(ge=1, le=2_147_483_647)]


class SkipBody(TokenBody, forbid_unknown_fields=True):
    reason: str = "other"
    note: Annotated[str, Meta(max_length=2000)] = ""


class FlagBody(Struct, forbid_unknown_fields=True):
    kind: str
    text: Annotated[str, Meta(max_length=10_000)] = ""


class TaskBody(Struct, forbid_unknown_fields=True):
    """What changes about a task; what is left out stays."""

    priority: int | None = None
    overlap: int | None = None
    reserved_for: Annotated[list[str], Meta(min_length=1, max_length=100)] | None = None


class DraftBody(Struct, forbid_unknown_fields=True):
    body: dict[str, Any]  # what a submit would say, not checked yet
    over: Annotated[str, Meta(max_length=40)] | None = None  # the version it was typed over


Body = TypeVar("Body", ClaimBody, TokenBody, SkipBody, FlagBody, DraftBody, TaskBody)


def parsed(raw: bytes, shape: type[Body]) -> Body:
    """The body of a call; an empty one is `{}`. Raise MalformedCall naming the field."""
    if len(raw) > MOST_DRAFT:
        raise MalformedCall(f"The body is too long: at most {MOST_DRAFT} bytes.")
    if b"\\u0000" in raw:
        raise MalformedCall("A text holds the character U+0000, which cannot be stored; remove it.")
    try:
        return msgspec.json.decode(raw or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedCall(f"The body does not fit: {error}.") from error
