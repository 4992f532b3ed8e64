"""Rows of a file without personal data. Ids, groups, labels and names of annotators stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from evalhub.common.own_words import finder_of
from evalhub.common.personal_data import KINDS, Kind, Masked, mask_personal_data
from evalhub.formats.rows import JudgmentRow, PromptRow, Rejected, Row
from evalhub.imports.models import Import

Change = Callable[[str], str]
T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True)
class Masking:
    """What is masked in every text of a file."""

    kinds: Sequence[Kind]
    own: re.Pattern[str] | None = None

    @classmethod
    def of(cls, source: Import) -> Masking | None:
        """None: its texts stay as they are."""
        if not source.is_masked:
            return None
        kinds = [kind for kind in KINDS if kind in source.masks]
        return cls(kinds, finder_of(source.mask_words))

    def text(self, text: str) -> Masked:
        return mask_personal_data(text, self.kinds, own=self.own)

    def row(self, row: Row) -> Row:
        """With its texts masked; of a rejected one the excerpt goes, which may end in mid-number."""
        return change_texts(row, lambda text: self.text(text).text)


def change_texts(row: Row, change: Change) -> Row:
    """The row with each of its free texts as `change` returns it."""
    if isinstance(row, Rejected):
        return replace(row, reason=change(row.reason), excerpt="")
    if isinstance(row, JudgmentRow):
        spans = [
            _changed(each, change, but=("response", "error_type", "severity")) for each in row.spans
        ]
        return replace(
            row,
            critique=change(row.critique),
            demonstration=change(row.demonstration),
            corrections=[_changed(each, change, but=("response",)) for each in row.corrections],
            spans=spans,
        )
    return _change_prompt(row, change)


def _change_prompt(row: PromptRow, change: Change) -> PromptRow:
    return replace(
        row,
        messages=[_changed(each, change, but=("role",)) for each in row.messages],
        reference=None if row.reference is None else change(row.reference),
        documents=_deep(row.documents, change),
        completions=[
            _changed(each, change, but=("id", "model", "settings")) for each in row.completions
        ],
    )


def _changed(part: T, change: Change, *, but: Sequence[str]) -> T:
    values = msgspec.to_builtins(part)
    kept = {name: value for name, value in values.items() if name in but}
    return msgspec.convert(_deep(values, change) | kept, type(part))


def _deep(value: Any, change: Change) -> Any:  # Any: JSON of the file
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _deep(each, change) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [_deep(each, change) for each in value]
    return value
