"""What a submit says, in terms of what was shown: the shape that clients rely on."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from evalhub.common.canonical import sha256_of
from evalhub.judgments.errors import MalformedBody

Label = Annotated[str, Meta(min_length=1, max_length=2)]
Slug = Annotated[str, Meta(min_length=1, max_length=50)]
Text = Annotated[str, Meta(max_length=100_000)]
Small = Annotated[int, Meta(ge=-32_768, le=32_767)]
Milliseconds = Annotated[int, Meta(ge=0, le=2_147_483_647)]
Uids = Annotated[list[UUID], Meta(max_length=100)]

_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")


class RatingGiven(Struct, forbid_unknown_fields=True, frozen=True):
    response: Label
    criterion: Slug
    value: Small | None  # None: cannot tell, and `reason` says why
    reason: Annotated[str, Meta(max_length=40)] = ""
    turn: None = None


class PreferenceGiven(Struct, forbid_unknown_fields=True, frozen=True):
    choice: Literal["A", "B", "tie", "both_bad"]
    criterion: Slug | None = None  # None: overall
    strength: Annotated[int, Meta(ge=1, le=3)] | None = None  # None: 1


class CorrectionGiven(Struct, forbid_unknown_fields=True, frozen=True):
    response: Label
    content: Text


class Answers(Struct, forbid_unknown_fields=True, kw_only=True):
    """What was judged. The same in a submit, a draft and a revision."""

    active_ms: Milliseconds | None = None
    ratings: Annotated[list[RatingGiven], Meta(max_length=1000)] = []
    preferences: Annotated[list[PreferenceGiven], Meta(max_length=100)] = []
    ranking: Annotated[list[list[Label]], Meta(max_length=26)] = []
    corrections: Annotated[list[CorrectionGiven], Meta(max_length=26)] = []
    spans: list[Any] = []  # not asked for yet, so none may come
    critique: Text = ""

    def digest(self, about: UUID) -> str:
        """Tells a retry, whose answers are the same, from another judgment under its id."""
        told = [getattr(self, name) for name in Answers.__struct_fields__]
        return sha256_of(msgspec.json.encode([about, told]).decode())


class SubmitBody(Answers, forbid_unknown_fields=True, kw_only=True):
    token: Annotated[int, Meta(ge=1, le=2_147_483_647)]
    submission_id: UUID
    claim_next: bool = False
    holding: Uids = []


class ReviseBody(Answers, forbid_unknown_fields=True, kw_only=True):
    submission_id: UUID


Body = TypeVar("Body", SubmitBody, ReviseBody)


def parsed(raw: bytes, shape: type[Body]) -> Body:
    """The body, or MalformedBody naming the field and what it takes."""
    body: Body
    try:
        body = msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise malformed(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(f"The body is no JSON: {error}.") from error
    texts = [body.critique, *(rating.reason for rating in body.ratings)]
    texts += [correction.content for correction in body.corrections]
    if any("\0" in text for text in texts):
        raise MalformedBody("A text holds the character U+0000, which cannot be stored; remove it.")
    return body


def malformed(error: msgspec.ValidationError) -> MalformedBody:
    """msgspec's words, its path as a name: "Expected `int`, got `str` - at `$.ratings[0].value`"."""
    words = str(error)
    found = _PLACE.search(words)
    place = found["place"] if found else ""
    sentence = _PLACE.sub("", words)
    return MalformedBody(f"{place}: {sentence}." if place else f"{sentence}.", field=place)
