"""What the form shows: a row per question, a field per text, and the responses beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from evalhub.common.markup import to_marked_html, to_marked_lines


@dataclass(frozen=True)
class Option:
    value: str
    text: str
    key: str
    anchor: str  # what choosing it means, in words
    is_chosen: bool


@dataclass(frozen=True)
class Field:
    """Something to say beside the options of a row."""

    name: str
    title: str
    value: str
    options: Sequence[tuple[str, str]] = ()  # of a select; none: a text


@dataclass(frozen=True)
class Typed:
    """A number or words to type, where a row has no points to choose from."""

    name: str
    value: str
    limits: tuple[int, int] | None  # of a number; None: words


@dataclass(frozen=True)
class Condition:
    """Asked only while the row `name` has one of `values`."""

    name: str
    values: str  # with spaces between them
    sentence: str


@dataclass(frozen=True)
class Ask:
    """One row of the form: some options, of which one is chosen, or something to type."""

    name: str
    title: str
    question: str
    is_required: bool
    options: list[Option]
    about: str = ""  # the label of the response that it is about
    passage: tuple[int, int] | None = None  # of that response, in code points
    reason: Field | None = None  # shown while "cannot tell" is chosen
    comment: Field | None = None
    typed: Typed | None = None
    condition: Condition | None = None
    points: Sequence[tuple[str, str]] = ()  # what the button says, what it means: of a scale
    examples: Sequence[tuple[str, str]] = ()  # what the button says, an answer that deserves it


@dataclass(frozen=True)
class TextAsk:
    name: str
    title: str
    help: str
    value: str
    about: str = ""
    is_required: bool = False
    is_tall: bool = False


@dataclass(frozen=True)
class Sheet:
    asks: list[Ask]
    texts: list[TextAsk]
    spans: str  # JSON: the passages marked so far


@dataclass(frozen=True)
class Shown:
    """A response as the page has it."""

    label: str
    content: str
    tool_calls: list[dict[str, Any]]

    @property
    def html(self) -> SafeString:
        """Rendered, and each piece knows where it stands in the content."""
        return to_marked_html(self.content)

    @property
    def raw(self) -> SafeString:
        """As it was written, and each piece knows where it stands in the content."""
        return to_marked_lines(self.content)
