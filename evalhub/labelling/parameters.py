"""What each kind of function is told: one struct per kind, as JSON in the row and in the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from evalhub.labelling.choices import FunctionKind, Of, Part, Unit
from evalhub.labelling.errors import UnfitFunction
from evalhub.labelling.patterns import LONGEST, compiled

Number = Annotated[int, Meta(ge=0, le=1_000_000)]


class Regex(Struct, forbid_unknown_fields=True, frozen=True):
    pattern: Annotated[str, Meta(min_length=1, max_length=LONGEST)]
    ignores_case: bool = True
    part: Part = Part.LAST_TURN


class Keywords(Struct, forbid_unknown_fields=True, frozen=True):
    """`at_least` different ones of the words stand in the text, whatever their case."""

    words: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=60)]], Meta(min_length=1, max_length=100)
    ]
    at_least: Annotated[int, Meta(ge=1, le=100)] = 1
    part: Part = Part.LAST_TURN


class Length(Struct, forbid_unknown_fields=True, frozen=True):
    unit: Unit = Unit.WORDS
    at_least: Number | None = None
    at_most: Number | None = None
    part: Part = Part.LAST_TURN


class ContainsCode(Struct, forbid_unknown_fields=True, frozen=True):
    part: Part = Part.LAST_TURN


class Score(Struct, forbid_unknown_fields=True, frozen=True):
    """A number that a slice of the prompt holds, as a model's score that came with an import."""

    slice: Annotated[str, Meta(min_length=1, max_length=100)]
    at_least: float | None = None
    at_most: float | None = None


class ModelScore(Struct, forbid_unknown_fields=True, frozen=True):
    """What a reward model of the registry gave the answers to a prompt, as a `score` run stored it.

    Where none of them has a score of the model, or for a spread fewer than two, the function abstains.
    """

    model: UUID
    of: Of = Of.HIGHEST
    at_least: float | None = None
    at_most: float | None = None


Parameters = Regex | Keywords | Length | ContainsCode | Score | ModelScore
_SHAPES: dict[FunctionKind, type[Parameters]] = {
    FunctionKind.REGEX: Regex,
    FunctionKind.KEYWORDS: Keywords,
    FunctionKind.LENGTH: Length,
    FunctionKind.CODE: ContainsCode,
    FunctionKind.SCORE: Score,
    FunctionKind.MODEL_SCORE: ModelScore,
}


def parameters_of(kind: str, given: dict[str, Any]) -> Parameters:  # Any: JSON
    """The parameters, checked.

    Raises:
        UnfitFunction: names the field and what it takes.
    """
    try:
        found = msgspec.convert(given, type=_SHAPES[FunctionKind(kind)])
    except msgspec.ValidationError as error:
        raise UnfitFunction(f"{error}.", field="parameters") from error
    if isinstance(found, Regex):
        compiled(found.pattern, ignores_case=found.ignores_case)
    if isinstance(found, Keywords):
        _check_words(found)
    if isinstance(found, Length | Score | ModelScore):
        _check_bounds(found)
    return found


def models_of(several: Iterable[Parameters]) -> set[UUID]:
    """Those whose scores the functions read."""
    return {each.model for each in several if isinstance(each, ModelScore)}


def _check_words(given: Keywords) -> None:
    if any(not word.strip() for word in given.words):
        raise UnfitFunction("A word has a letter at least.", field="words")
    if given.at_least > len({folded(word) for word in given.words}):
        raise UnfitFunction("There are fewer words than are to be found.", field="at_least")


def _check_bounds(given: Length | Score | ModelScore) -> None:
    low, high = given.at_least, given.at_most
    if low is None and high is None:
        raise UnfitFunction("Say at least how much, at most how much, or both.", field="at_least")
    if low is not None and high is not None and low > high:
        raise UnfitFunction("At least is more than at most.", field="at_most")


def folded(word: str) -> str:
    return " ".join(word.casefold().split())
