"""What each column of a table means, as a person says it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct, field

Part = Literal[
    "prompt",
    "messages",
    "system",
    "completion",
    "model",
    "reference",
    "document",
    "slice",
    "group",
    "prompt_id",
    "row_id",
    "chosen",
    "rejected",
    "choice",
    "rating",
    "label",
    "demonstration",
    "critique",
    "annotator",
    "time",
]
PARTS: tuple[Part, ...] = get_args(Part)
SEVERAL = ("prompt", "completion", "model", "document", "slice", "rating", "label", "critique")
Name = Annotated[str, Meta(max_length=100)]


class Use(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one column is."""

    part: Part = field(name="as")
    name: Name = ""  # of the criterion, the slice or the model; empty: the column's own
    of: Name = ""  # the column of the completion that a rating, a label or a model's name is about
    low: int | None = None  # of a rating's scale; none: the lowest in the file
    high: int | None = None


class Mapping(Struct, frozen=True, forbid_unknown_fields=True):
    """Columns that it does not name are left out, and counted as such."""

    columns: Annotated[dict[Name, Use], Meta(min_length=1, max_length=1000)]
    has_head: bool = True  # whether the first row names the columns; else "column 1", "column 2", …

    def of_part(self, part: Part) -> list[str]:
        return [name for name, use in self.columns.items() if use.part == part]

    def the(self, part: Part) -> str | None:
        return next(iter(self.of_part(part)), None)


class BadMapping(ValueError):
    """The mapping does not say what is needed; the message says what."""


def mapping_of(value: Any, *, columns: Iterable[str] | None = None) -> Mapping:
    """Check a mapping as JSON has it.

    Args:
        columns: those of the table, if known: each that is named must be there.

    Raises:
        BadMapping: a word is unknown, a column is missing, or there is nothing to ask or judge.
    """
    try:
        mapping = msgspec.convert(value, Mapping)
    except msgspec.ValidationError as error:
        raise BadMapping(f"{error}. See docs/formats.md, Tables.") from error
    there = set(columns) if columns is not None else set(mapping.columns)
    if lost := sorted(set(mapping.columns) - there):
        raise BadMapping(f"The table has no column {lost[0]!r}; it has {', '.join(sorted(there))}.")
    for part in PARTS:
        if part not in SEVERAL and len(mapping.of_part(part)) > 1:
            raise BadMapping(f"Only one column can be the {part}.")
    if not (mapping.the("prompt") or mapping.the("messages")):
        raise BadMapping("Say which column is the prompt.")
    _check_answers(mapping)
    return mapping


def _check_answers(mapping: Mapping) -> None:
    answers = mapping.of_part("completion")
    if bool(mapping.the("chosen")) != bool(mapping.the("rejected")):
        raise BadMapping("A chosen column needs a rejected one, and the other way round.")
    if mapping.the("choice") and len(answers) < 2:
        raise BadMapping("A choice needs the columns of at least two completions.")
    for name, use in mapping.columns.items():
        if use.of and use.of not in answers:
            raise BadMapping(f"{name!r} is about {use.of!r}, which is no column of completions.")
        if use.part in ("rating", "model") and not use.of and len(answers) > 1:
            raise BadMapping(f"Say which completion {name!r} is about.")
        if use.part == "model" and not answers:
            raise BadMapping(f"{name!r} names a model, and no column is a completion.")
        if use.low is not None and use.high is not None and use.low >= use.high:
            raise BadMapping(f"The scale of {name!r} must go up.")


_NAMES: tuple[tuple[Part, str], ...] = (  # the first that fits is proposed
    ("chosen", r"chosen|preferred|better"),
    ("rejected", r"reject(ed)?|non[-_ ]?preferred|worse"),
    ("choice", r"winner|choice|preference|better_response|label_winner"),
    ("prompt_id", r"(prompt|question|task|item|recipe|bbc)[-_ ]?id"),
    ("row_id", r"(row|judg\w*|annotation)[-_ ]?id"),
    (
        "annotator",
        r"who|annotator|worker|rater|user|participant|judge|coder|(annotator|worker|rater|user)[-_ ]?id",
    ),
    ("model", r"(model|system|engine|condition)([-_ ]?(name|id|[ab12]))?"),
    ("reference", r"reference|gold|ground[-_ ]?truth|target|expected([-_ ]?(answer|output))?"),
    ("system", r"system[-_ ]?(prompt|message)"),
    ("prompt", r"prompt|question|instruction|query|input|user[-_ ]?(prompt|input|message)"),
    (
        "completion",
        r"(completion|answer|response|output|reply|generation|summary|prediction)s?([-_ ]?([ab12]|left|right))?",
    ),
    ("critique", r"comments?|critique|reason|rationale|explanation|notes?|feedback"),
    ("time", r"time(stamp)?|created([-_ ]?at)?|date|judged[-_ ]?at"),
    ("slice", r"lang(uage)?|category|domain|topic|split"),
    ("group", r"group|conversation[-_ ]?id|cluster"),
    ("label", r"label|class"),
)


def proposed(columns: list[str], rows: list[dict[str, Any]]) -> dict[str, Use]:
    """What the columns probably are, by their names; small whole numbers are ratings."""
    found: dict[str, Use] = {}
    taken: set[Part] = set()
    for name in columns:
        part = next((part for part, like in _NAMES if re.fullmatch(like, name.strip(), re.I)), None)
        if part is None and _are_points([row.get(name) for row in rows]):
            part = "rating"
        if part is None or (part in taken and part not in SEVERAL):
            continue
        taken.add(part)
        found[name] = Use(part)
    answers = [name for name, use in found.items() if use.part == "completion"]
    for name, use in list(found.items()):
        if use.part in ("rating", "model") and len(answers) > 1:
            about = _same_ending(name, answers)
            if about:
                found[name] = Use(use.part, of=about)
            else:
                del found[name]
    return found


def _are_points(cells: list[Any]) -> bool:
    said = [str(cell).strip() for cell in cells if cell not in (None, "")]
    return bool(said) and all(re.fullmatch(r"-?\d{1,2}(\.0)?", each) for each in said)


def _same_ending(name: str, answers: list[str]) -> str:
    """The completion whose name ends like this one: model_a goes with response_a."""
    ending = re.search(r"[-_ ]?(left|right|[ab12])$", name, re.I)
    if ending is None:
        return ""
    return next((each for each in answers if each.lower().endswith(ending[0].lower())), "")
