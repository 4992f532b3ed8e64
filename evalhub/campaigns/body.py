"""What the annotator's calls say, besides a submit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from evalhub.campaigns.choices import Ask, Requeue, TaskOrder
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
    archived: bool | None = None


Words = Annotated[list[Annotated[str, Meta(min_length=1, max_length=50)]], Meta(max_length=50)]


class CampaignBody(Struct, forbid_unknown_fields=True):
    """What changes about a campaign; what is left out stays, null takes away."""

    title: Annotated[str, Meta(min_length=1, max_length=150)] | UnsetType = UNSET
    rubric_version: UUID | UnsetType = UNSET
    asks: list[Ask] | UnsetType = UNSET
    preference_steps: int | UnsetType = UNSET
    masks_identity: bool | UnsetType = UNSET
    overlap: Annotated[int, Meta(ge=1, le=20)] | UnsetType = UNSET
    most_overlap: Annotated[int, Meta(ge=2, le=100)] | UnsetType | None = UNSET
    closes_at: Annotated[datetime, Meta(tz=True)] | UnsetType | None = UNSET
    people: Annotated[list[str], Meta(max_length=10_000)] | UnsetType = UNSET  # pseudonyms
    languages: Words | UnsetType = UNSET
    groups: Words | UnsetType = UNSET
    qualifications: Words | UnsetType = UNSET
    max_share: Annotated[int, Meta(ge=1, le=100)] | UnsetType | None = UNSET
    review_share: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    task_order: TaskOrder | UnsetType = UNSET
    requeue: Requeue | UnsetType = UNSET
    hand_size: Annotated[int, Meta(ge=1, le=100)] | UnsetType = UNSET
    content_warning: Annotated[str, Meta(max_length=500)] | UnsetType = UNSET
    allows_revision: bool | UnsetType = UNSET
    allows_extra: bool | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in told.items() if value is not UNSET}


class DraftBody(Struct, forbid_unknown_fields=True):
    body: dict[str, Any]  # what a submit would say, not checked yet
    over: Annotated[str, Meta(max_length=40)] | None = None  # the version it was typed over


Body = TypeVar("Body", ClaimBody, TokenBody, SkipBody, FlagBody, DraftBody, TaskBody, CampaignBody)


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
