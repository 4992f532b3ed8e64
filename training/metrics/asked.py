"""What a row of prompts may carry besides the prompt, and so which figures it can give.

    reference   text: ROUGE, BLEU, chrF, TER, METEOR, exact match, token F1
    label       the right label: accuracy and macro figures, read from the answer and by likelihood
    choices     2 or more texts, and `label` says which is right: its number from 0, or as text that number,
                the choice itself or its letter: multiple choice by likelihood
    schema      a JSON schema, as an object or as JSON text: share of answers that are valid
    pattern     a regular expression: share of answers in which it is found

All are optional. Length, distinct n-grams, refusals and plug-ins need no column.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jsonschema.protocols import Validator

from training.errors import InputError
from training.metrics.forms import checker_of, pattern_of
from training.metrics.labels import folded, right_of
from training.rows import Row

COLUMNS = ("label", "choices", "schema", "pattern")
MOST_LABELS = 100
_SAID = {str: "text", list: "a list", dict: "an object", bool: "true or false"}


@dataclass(frozen=True)
class Asked:
    """Of one row."""

    reference: str | None = None
    label: str = ""  # folded; the right one of `labels`
    labels: tuple[str, ...] = ()  # that occur in the set, the same for all rows, in order
    texts: tuple[str, ...] = ()  # of which the likeliest is taken: the choices, or the labels
    right: int = -1  # which of `texts`
    checker: Validator | None = None
    pattern: Any = None  # regex's compiled pattern carries no types


def asked_of(rows: Sequence[Row]) -> dict[str, Asked]:
    """What each row carries, by its id.

    Raises:
        InputError: a column is not what it must be; with the row and the remedy.
    """
    written: dict[str, str] = {}  # a label as it stands in the first row that has it
    for row in rows:
        if "label" in row.judged and "choices" not in row.judged:
            label = _text(row, "label")
            written.setdefault(folded(label), label)
    labels = tuple(sorted(written))
    if len(labels) > MOST_LABELS:
        raise InputError(
            f"The rows have {len(labels)} different labels, at most {MOST_LABELS} can be told apart; "
            "if they are free answers, call the column reference."
        )
    return {row.id: _asked(row, labels, [written[each] for each in labels]) for row in rows}


def _asked(row: Row, labels: tuple[str, ...], texts: Sequence[str]) -> Asked:
    checker = _checker(row) if "schema" in row.judged else None
    pattern = _pattern(row) if "pattern" in row.judged else None
    if "choices" in row.judged:
        choices = _choices(row)
        return Asked(
            row.reference, texts=choices, right=_right(row, choices), checker=checker, pattern=pattern
        )  # fmt: skip
    if "label" not in row.judged:
        return Asked(row.reference, checker=checker, pattern=pattern)
    label = folded(_text(row, "label"))
    likely = tuple(texts) if len(texts) > 1 else ()  # of one label there is nothing to choose
    return Asked(row.reference, label, labels, likely, labels.index(label), checker, pattern)


def _choices(row: Row) -> tuple[str, ...]:
    given = row.judged["choices"]
    good = isinstance(given, list) and len(given) > 1
    if not good or not all(isinstance(each, str) and each.strip() for each in given):
        _refuse(row, "choices", "must be a list of two or more texts")
    if len(set(given)) < len(given):
        _refuse(row, "choices", "has a text twice; each choice must be another")
    return tuple(given)


def _right(row: Row, choices: Sequence[str]) -> int:
    try:
        return right_of(row.judged.get("label"), choices)
    except ValueError as error:
        _refuse(row, "label", str(error))


def _checker(row: Row) -> Validator:
    schema = row.judged["schema"]
    try:
        return checker_of(json.loads(schema) if isinstance(schema, str) else schema)
    except ValueError as error:
        _refuse(row, "schema", f"is no JSON schema ({error}); mend it or leave it out")


def _pattern(row: Row) -> Any:  # regex's compiled pattern carries no types
    try:
        return pattern_of(_text(row, "pattern"))
    except ValueError as error:
        _refuse(row, "pattern", f"is no regular expression ({error}); mend it or leave it out")


def _text(row: Row, name: str) -> str:
    given = row.judged[name]
    if type(given) is int:
        return str(given)
    if not isinstance(given, str) or not given.strip():
        _refuse(row, name, f"is {_SAID.get(type(given), 'empty')}, but must be text")
    return given


def _refuse(row: Row, name: str, why: str) -> NoReturn:
    raise InputError(f"Input 'prompts', row {row.number} (id {row.id}): {name!r} {why}.")
