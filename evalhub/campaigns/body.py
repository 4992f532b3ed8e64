"""What the annotator's calls say, besides a submit."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from evalhub.campaigns.errors import MalformedCall

MOST_DRAFT = 400_000  # characters of a draft; the longest submit is shorter


class ClaimBody(Struct, forbid_unknown_fields=True):
    holding: Annotated[list[UUID], Meta(max_length=100)] = []


class TokenBody(Struct, forbid_unknown_fields=True):
    token: Annotated[int, Meta(ge=1, le=2_147_483_647)]


class DraftBody(Struct, forbid_unknown_fields=True):
    body: dict[str, Any]  # what a submit would say, not checked yet


Body = TypeVar("Body", ClaimBody, TokenBody, DraftBody)


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
