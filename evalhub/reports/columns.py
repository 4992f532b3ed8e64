"""The flat columns of CSV and Parquet, cut from a record. docs/formats.md has the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any, Literal, NamedTuple

import msgspec

from evalhub.reports.records import Record
from evalhub.rubrics.models import Criterion, ScaleKind

Type = Literal["text", "whole", "yes_no", "moment"]


class Column(NamedTuple):
    name: str
    type: Type


FIXED: tuple[tuple[str, Type], ...] = (
    ("judgment", "text"), ("campaign", "text"), ("task", "text"), ("kind", "text"),
    ("type", "text"), ("is_pilot", "yes_no"), ("prompt", "text"), ("prompt_id", "text"),
    ("collection", "text"), ("annotator", "text"), ("source", "text"), ("state", "text"),
    ("supersedes", "text"), ("is_fix", "yes_no"), ("is_verdict", "yes_no"),
    ("saw_proposal", "yes_no"), ("is_returned", "yes_no"), ("rubric", "text"),
    ("rubric_version", "whole"), ("guidelines", "whole"), ("judged_at", "moment"),
    ("active_ms", "whole"), ("wall_ms", "whole"), ("critique", "text"), ("demonstration", "text"),
)  # fmt: skip
AS_JSON = ("turn_ratings", "spans", "steps", "tool_calls", "flags")
_NOTHING: Record = {"completion": None, "model": None, "tier": None, "correction": None}
_NO_RATING: Record = {"value": None, "cannot_tell": None, "comment": None}
_NO_PREFERENCE: Record = {"choice": None, "margin": None, "comment": None}


class Columns:
    """Columns of a campaign whose tasks show at most `width` responses, and the cells of a record."""

    def __init__(self, criteria: Sequence[Criterion], width: int) -> None:
        self._slugs = [each.slug for each in criteria]
        self._width = width
        self._compared: list[str | None] = [None, *self._slugs] if width == 2 else []
        letters = ascii_lowercase[:width]
        self.all = [Column(*each) for each in FIXED]
        for letter in letters:
            self.all += self._of_response(letter)
        for about in [f"{letter}_" for letter in letters] if width > 1 else [""]:
            for criterion in criteria:
                self.all += _of_rating(f"{about}{criterion.slug}", criterion)
        for slug in self._compared:
            end = f"_{slug}" if slug else ""
            self.all += [Column(f"preference{end}", "text"), Column(f"margin{end}", "whole")]
            if slug:
                self.all.append(Column(f"comment_on_preference{end}", "text"))
        self.all += [Column(name, "text") for name in AS_JSON]

    def _of_response(self, letter: str) -> list[Column]:
        found = [
            Column(f"response_{letter}", "text"),
            Column(f"model_{letter}", "text"),
            Column(f"correction_{letter}", "text"),
        ]
        return [*found, Column(f"tier_{letter}", "whole")] if self._width > 2 else found

    def cells(self, record: Record) -> list[Any]:
        """One value for each column; None where nothing was said."""
        cells = [record[name] for name, _ in FIXED]
        responses = record["responses"]
        shown = responses + [_NOTHING] * (self._width - len(responses))
        for each in shown:
            cells += [each["completion"], each["model"], each["correction"]]
            if self._width > 2:
                cells.append(each["tier"])
        rated = [each.get("ratings", {}) for each in shown] if shown else [record["ratings"]]
        for ratings in rated:
            for slug in self._slugs:
                rating = ratings.get(slug, _NO_RATING)
                cells += [rating["value"], rating["cannot_tell"], rating["comment"]]
        if self._compared:
            said = {each["criterion"]: each for each in record["preferences"]}
            for compared in self._compared:
                preference = said.get(compared, _NO_PREFERENCE)
                cells += [preference["choice"], preference["margin"]]
                if compared:
                    cells.append(preference["comment"])
        for name in AS_JSON:
            cells.append(msgspec.json.encode(record[name]).decode() if record[name] else "[]")
        return cells


def _of_rating(name: str, criterion: Criterion) -> list[Column]:
    in_words = criterion.kind == ScaleKind.TEXT
    return [
        Column(f"rating_{name}", "text" if in_words else "whole"),
        Column(f"cannot_tell_{name}", "text"),
        Column(f"comment_{name}", "text"),
    ]
