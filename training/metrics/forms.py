"""Whether an answer has the form that was asked for: JSON by a schema, or a pattern."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import regex
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

IMPATIENT = {"patternProperties"}  # read by jsonschema with `re`, at additionalProperties too
SECONDS = 1.0  # for one pattern on one answer; `re` could take for ever


class LeadsOut(Exception):
    """A schema that refers to what is not in it."""


class TooSlow(Exception):
    """A pattern that needs longer than SECONDS."""


def checker_of(schema: Any) -> Validator:  # a JSON schema: an object, or true or false
    """What reads answers by the schema; by draft 2020-12 unless `$schema` names another.

    References lead nowhere but into the schema itself: nothing is fetched.

    Raises:
        ValueError: it is no schema.
    """
    kind = validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except jsonschema.SchemaError as error:
        raise ValueError(f"{'.'.join(map(str, error.absolute_path)) or 'it'}: {error.message}") from error  # fmt: skip
    if IMPATIENT & _keywords(schema):
        raise ValueError(
            "patternProperties is not looked at: its patterns cannot be given a time limit"
        )
    patient = extend(kind, {"pattern": _pattern})
    made: Validator = patient(schema, registry=Registry())
    return made


def is_valid(said: str, checker: Validator) -> bool:
    """Whether the whole answer is JSON that the schema allows.

    Raises:
        TooSlow: a pattern in the schema.
        LeadsOut: the schema refers to what is not in it.
    """
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        return False
    try:
        return bool(checker.is_valid(value))
    except RecursionError:
        return False  # nested deeper than anything that is read
    except Unresolvable as error:
        raise LeadsOut(f"it refers to what is not in it: {error}") from error


def pattern_of(text: str) -> Any:  # regex's compiled pattern carries no types
    """Raise ValueError for what is no regular expression."""
    try:
        return regex.compile(text)
    except regex.error as error:
        raise ValueError(str(error)) from error


def matches(said: str, pattern: Any) -> bool:  # regex's compiled pattern carries no types
    """Whether the pattern is found anywhere in the answer; raise TooSlow after a second."""
    try:
        return pattern.search(said, timeout=SECONDS) is not None
    except TimeoutError as error:
        raise TooSlow(pattern.pattern) from error


def _keywords(schema: Any) -> set[str]:
    """Every name in it, at any depth."""
    found, waiting = set[str](), [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            found |= each.keys()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, str) and not matches(value, regex.compile(pattern)):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")
