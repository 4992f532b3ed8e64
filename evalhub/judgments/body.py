"""What a submit says, in terms of what was shown: the shape that clients rely on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Meta, Struct

from evalhub.common.canonical import sha256_of
from evalhub.judgments.errors import MalformedBody

Label = Annotated[str, Meta(min_length=1, max_length=2)]
Slug = Annotated[str, Meta(min_length=1, max_length=50)]
Text = Annotated[str, Meta(max_length=200_000)]
Small = Annotated[int, Meta(ge=-32_768, le=32_767)]
Offset = Annotated[int, Meta(ge=0, le=10_000_000)]
Milliseconds = Annotated[int, Meta(ge=0, le=2_147_483_647)]
Uids = Annotated[list[UUID], Meta(max_length=100)]

_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
_TOO_LONG = [  # what a person can bring about on the page; the rest of msgspec's words is for clients
    (
        re.compile(r"Expected `str` of length <= (?P<n>\d+)"),
        gettext_lazy("Expected `str` of length <= %(n)s"),
    ),
    (
        re.compile(r"Expected `array` of length <= (?P<n>\d+)"),
        gettext_lazy("Expected `array` of length <= %(n)s"),
    ),
]


class RatingGiven(Struct, forbid_unknown_fields=True, frozen=True):
    response: Label | None  # None: the prompt alone, in a label task
    criterion: Slug
    value: Small | None  # None: cannot tell, and `reason` says why
    reason: Annotated[str, Meta(max_length=40)] = ""
    turn: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    comment: Text = ""


class PreferenceGiven(Struct, forbid_unknown_fields=True, frozen=True):
    choice: Literal["A", "B", "tie", "both_bad"]
    criterion: Slug | None = None  # None: overall
    strength: Annotated[int, Meta(ge=1, le=3)] | None = None  # None: 1
    comment: Text = ""


class CorrectionGiven(Struct, forbid_unknown_fields=True, frozen=True):
    response: Label
    content: Text


class EvidenceGiven(Struct, forbid_unknown_fields=True, frozen=True):
    """A passage of the prompt's document number `document`, counted from 0."""

    document: Annotated[int, Meta(ge=0, le=1000)]
    start: Offset
    end: Offset


class SpanGiven(Struct, forbid_unknown_fields=True, frozen=True):
    """Offsets into the raw text, in code points; `response` None: the prompt's last turn."""

    response: Label | None
    start: Offset
    end: Offset
    error_type: Annotated[str, Meta(max_length=50)] = ""
    severity: Annotated[str, Meta(max_length=50)] = ""
    evidence: Literal["", "supported", "contradicted", "not_in_source"] = ""
    passage: EvidenceGiven | None = None
    note: Text = ""


class StepGiven(Struct, forbid_unknown_fields=True, frozen=True):
    response: Label
    step: Annotated[int, Meta(ge=0, le=100)]
    verdict: Literal["right", "wrong", "unsupported"]


class ToolCallGiven(Struct, forbid_unknown_fields=True, frozen=True):
    response: Label
    call: Annotated[int, Meta(ge=0, le=1000)]
    right_tool: bool
    right_arguments: bool | None = None  # None where the tool is wrong


class Answers(Struct, forbid_unknown_fields=True, kw_only=True):
    """What was judged. The same in a submit, a draft and a revision."""

    active_ms: Milliseconds | None = None
    ratings: Annotated[list[RatingGiven], Meta(max_length=1000)] = []
    preferences: Annotated[list[PreferenceGiven], Meta(max_length=100)] = []
    ranking: Annotated[list[list[Label]], Meta(max_length=26)] = []
    corrections: Annotated[list[CorrectionGiven], Meta(max_length=26)] = []
    spans: Annotated[list[SpanGiven], Meta(max_length=500)] = []
    steps: Annotated[list[StepGiven], Meta(max_length=1000)] = []
    tool_calls: Annotated[list[ToolCallGiven], Meta(max_length=1000)] = []
    demonstration: Text = ""
    critique: Text = ""

    def texts(self) -> Iterator[str]:
        """Every text that somebody typed."""
        yield from (self.critique, self.demonstration)
        for rating in self.ratings:
            yield from (rating.reason, rating.comment)
        for preference in self.preferences:
            yield preference.comment
        for correction in self.corrections:
            yield correction.content
        for span in self.spans:
            yield from (span.note, span.error_type, span.severity)

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


class FixBody(ReviseBody, forbid_unknown_fields=True, kw_only=True):
    seen: UUID  # the judgment that the reviewer looked at


Body = TypeVar("Body", bound=Answers)


def parsed(raw: bytes, shape: type[Body]) -> Body:
    """The body, or MalformedBody naming the field and what it takes."""
    body: Body
    try:
        body = msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise malformed(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(_("The body is no JSON: %(why)s.") % {"why": error}) from error
    if any("\0" in text for text in body.texts()):
        raise MalformedBody(
            _("A text holds the character U+0000, which cannot be stored; remove it.")
        )
    return body


def malformed(error: msgspec.ValidationError) -> MalformedBody:
    """msgspec's words, its path as a name: "Expected `int`, got `str` - at `$.ratings[0].value`"."""
    words = str(error)
    found = _PLACE.search(words)
    place = found["place"] if found else ""
    sentence = _in_their_language(_PLACE.sub("", words))
    return MalformedBody(f"{place}: {sentence}." if place else f"{sentence}.", field=place)


def _in_their_language(words: str) -> str:
    for pattern, told in _TOO_LONG:
        if found := pattern.fullmatch(words):
            return str(told) % found.groupdict()
    return words
