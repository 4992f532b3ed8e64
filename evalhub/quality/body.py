"""The body of a verdict, as the API takes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from evalhub.judgments.body import Answers


class VerdictBody(Answers, forbid_unknown_fields=True, kw_only=True):
    """Answers as in a submit, A being the task's first completion, and why people disagreed."""

    cause: Literal["slip", "guidelines", "knowledge", "taste", "close", "material"]
    note: Annotated[str, Meta(max_length=5000)] = ""

    def texts(self) -> Iterator[str]:
        yield from super().texts()
        yield self.note
