"""A version as a JSON document that another evalhub, or a person with an editor, can read and write.

The schema is docs/rubric.schema.json; a test holds it against the structs below.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.models import Criterion, RubricVersion, ScaleKind
from evalhub.rubrics.naming import MOST_DESCRIPTION, MOST_NAME, MOST_NAMES
from evalhub.rubrics.wording import LEAST_NUMBER, MOST_NUMBER, MOST_POINTS, NO_EXAMPLE, Wording

FORMAT: Final = "evalhub-rubric-1"
MOST_BYTES = 1_000_000

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,49}$")]
Value = Annotated[int, Meta(ge=LEAST_NUMBER, le=MOST_NUMBER)]
Words = Annotated[str, Meta(max_length=2_000)]


class Named(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=MOST_NAME)]
    description: Annotated[str, Meta(max_length=MOST_DESCRIPTION)] = ""


class Point(Struct, forbid_unknown_fields=True):
    """A point of a scale, yes (1) or no (0), or one of several (from 1 on); the lowest first."""

    value: Value
    means: Words = ""
    example: Words = ""


class Limits(Struct, forbid_unknown_fields=True):
    """Of a number."""

    low: Value
    high: Value
    true_zero: bool = False  # 0 means none, and 10 is twice as much as 5; low is 0 or more


class AskedIf(Struct, forbid_unknown_fields=True):
    """It is asked only where an earlier criterion, named by its slug, has one of these values."""

    criterion: Slug
    values: Annotated[list[Value], Meta(min_length=1, max_length=MOST_POINTS)]


class CriterionPart(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    question: Annotated[str, Meta(min_length=1, max_length=500)]
    slug: Slug | None = None  # null: made of the name
    kind: Literal["scale", "yes_no", "choice", "number", "text"] = "scale"
    points: Annotated[list[Point], Meta(max_length=MOST_POINTS)] = []
    limits: Limits | None = None
    required: bool = True
    cannot_tell: bool = True
    asks_comment: bool = False
    weight: Annotated[int, Meta(ge=0, le=100)] = 1
    asked_if: AskedIf | None = None


class Document(Struct, forbid_unknown_fields=True):
    format: Literal["evalhub-rubric-1"]
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    criteria: Annotated[list[CriterionPart], Meta(min_length=1, max_length=20)]
    guidelines: Annotated[str, Meta(max_length=20_000)] = ""  # Markdown
    error_types: Annotated[list[Named], Meta(max_length=MOST_NAMES)] = []
    severities: Annotated[list[Named], Meta(max_length=MOST_NAMES)] = []


_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
REMEDIES = {
    "format": f"write “{FORMAT}”",
    "kind": "take one of scale, yes_no, choice, number, text",
    "slug": "lower-case letters, digits and hyphens, or null for one made of the name",
    "weight": "a whole number from 0 to 100",
    "criteria": "a list of 1 to 20 criteria",
    "points": f"a list of at most {MOST_POINTS} points, the lowest first",
    "values": "a list of values that the earlier criterion takes",
}


def read_document(raw: bytes) -> Document:
    """Raise UnfitRubric naming the field and the remedy."""
    if len(raw) > MOST_BYTES:
        raise UnfitRubric(
            f"A rubric takes at most {MOST_BYTES:,} bytes; this file has {len(raw):,}."
        )
    try:
        document = msgspec.json.decode(raw, type=Document)
    except msgspec.ValidationError as error:
        raise _unfit(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnfitRubric(f"The file is no JSON: {error}. Export a rubric to see one.") from error
    if "\0" in "".join(_texts(msgspec.to_builtins(document))):
        raise UnfitRubric("A text holds the character U+0000, which cannot be stored; remove it.")
    return document


def _texts(value: Any) -> list[str]:  # `Any`: a tree of JSON
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]


def _unfit(words: str) -> UnfitRubric:
    found = _PLACE.search(words)
    place = found["place"] if found else ""
    last = re.sub(r"\[.*", "", place.rpartition(".")[2])
    remedy = REMEDIES.get(last, "docs/rubric.schema.json says what each field takes")
    sentence = _PLACE.sub("", words)
    return UnfitRubric(f"{place or 'The file'}: {sentence}; {remedy}.", field=place)


def document_of(version: RubricVersion) -> bytes:
    """The version as JSON, indented for people; reading it gives the same criteria again."""
    document = Document(
        format=FORMAT,
        name=version.rubric.name,
        guidelines=version.guidelines,
        error_types=[_named(each) for each in version.error_types],
        severities=[_named(each) for each in version.severities],
        criteria=[_part(each) for each in version.criteria.order_by("position", "pk")],
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _named(row: dict[str, str]) -> Named:
    return Named(row["name"], row.get("description", ""))


def _part(criterion: Criterion) -> CriterionPart:
    asked_if = None
    if criterion.asked_if:
        asked_if = AskedIf(criterion.asked_if, criterion.asked_if_values)
    return CriterionPart(
        name=criterion.name,
        question=criterion.question,
        slug=criterion.slug,
        kind=criterion.kind,  # type: ignore[arg-type]  # a constraint keeps it one of the words
        points=_points(criterion) if criterion.has_points else [],
        limits=_limits(criterion) if criterion.kind == ScaleKind.NUMBER else None,
        required=criterion.required,
        cannot_tell=criterion.cannot_tell,
        asks_comment=criterion.asks_comment,
        weight=criterion.weight,
        asked_if=asked_if,
    )


def _limits(criterion: Criterion) -> Limits:
    return Limits(criterion.low, criterion.high, criterion.true_zero)


def _points(criterion: Criterion) -> list[Point]:
    anchors, examples = criterion.anchors, criterion.examples
    return [
        Point(value, str(anchors.get(str(value), "")), examples.get(str(value), ""))
        for value in criterion.points
    ]


def wording_of(part: CriterionPart, place: str) -> Wording:
    """Raise UnfitRubric naming `place` where points and kind do not fit together."""
    values = [point.value for point in part.points]
    low = values[0] if values else 1
    if values != list(range(low, low + len(values))):
        raise _wrong(f"{place}.points", "the values must go up by one, the lowest first")
    least = {"yes_no": 0, "choice": 1}.get(part.kind)
    if values and least not in (None, low):
        raise _wrong(f"{place}.points", f"the values of “{part.kind}” begin with {least}")
    if part.points and part.kind in ("number", "text"):
        raise _wrong(f"{place}.points", f"“{part.kind}” has none; leave it empty")
    if (part.limits is None) == (part.kind == "number"):
        raise _wrong(f"{place}.limits", "a number needs them, and nothing else takes them")
    words = [_one_line(point.means) for point in part.points]
    limits = part.limits or Limits(low, low)
    if limits.true_zero and limits.low < 0:
        raise _wrong(f"{place}.limits.low", "with a true zero nothing is below 0; take 0 or more")
    return Wording(
        name=_one_line(part.name),
        question=_one_line(part.question),
        kind=part.kind,
        anchors=words if any(words) or part.kind != "yes_no" else [],
        examples=[_one_line(point.example) or NO_EXAMPLE for point in part.points],
        low=limits.low,
        high=limits.high,
        true_zero=limits.true_zero,
        required=part.required,
        cannot_tell=part.cannot_tell,
        asks_comment=part.asks_comment,
        weight=part.weight,
        asked_if=part.asked_if.criterion if part.asked_if else "",
        asked_if_values=part.asked_if.values if part.asked_if else (),
    )


def _one_line(text: str) -> str:
    """As the builder keeps it, where a line is a point."""
    return " ".join(text.split())


def _wrong(place: str, sentence: str) -> UnfitRubric:
    return UnfitRubric(f"{place}: {sentence}.", field=place)


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a document."""
    made = msgspec.json.schema(Document)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FORMAT, **made}
