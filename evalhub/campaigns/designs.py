"""Which answers to one prompt meet in a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from random import Random
from typing import NamedTuple

from evalhub.campaigns.choices import COMPLETIONS_PER_TASK, Design, TaskType

ROUNDING = 1e-9  # of means that are equal


class Answer(NamedTuple):
    """What choosing needs to know of a completion; its text stays in the database."""

    pk: int
    prompt: int
    workspace: int
    model: int
    digest: str  # of the text
    score: float | None = None  # for NEAREST and SCORED; None: it has none


def chosen(
    type_: TaskType,
    answers: Sequence[Answer],
    *,
    design: Design,
    against: int | None,
    chance: Random,
) -> Iterator[list[Answer]]:
    """The sets of `answers`, all to one prompt, that make a task each; equal texts never meet.

    Args:
        design: of comparisons; the other types take what their number asks for.
        against: the key of the model that each other one meets, for Design.AGAINST.
        chance: draws the pairs of Design.RANDOM, and among those that are equally near.
    """
    different = _different_texts(answers, first=against)
    if type_ == TaskType.RATING:
        yield from ([answer] for answer in different)
    elif type_ == TaskType.COMPARISON and len(different) > 1:
        yield from _pairs(different, design=design, against=against, chance=chance)
    elif type_ == TaskType.RANKING:
        least, most = COMPLETIONS_PER_TASK[type_]
        if len(different) >= least:
            yield different[:most]


def _pairs(
    answers: list[Answer], *, design: Design, against: int | None, chance: Random
) -> Iterator[list[Answer]]:
    if design == Design.ALL_PAIRS:
        yield from (list(pair) for pair in combinations(answers, 2))
    elif design == Design.RANDOM:
        yield chance.sample(answers, 2)
    elif design in (Design.NEAREST, Design.SCORED):
        yield from _nearest(answers, chance)
    elif design == Design.AGAINST:
        yield from _against(answers, against)
    else:
        yield [answers[0], _rival(answers)]


def _against(answers: list[Answer], model: int | None) -> Iterator[list[Answer]]:
    """The model's first answer with each answer of another one; none if it gave none."""
    own = next((answer for answer in answers if answer.model == model), None)
    if own is not None:
        yield from ([own, answer] for answer in answers if answer.model != model)


def _nearest(answers: list[Answer], chance: Random) -> Iterator[list[Answer]]:
    """The two whose scores differ least; none where fewer than two have one."""
    pairs = [
        (abs(one.score - other.score), [one, other])
        for one, other in combinations(answers, 2)
        if one.score is not None and other.score is not None
    ]
    if pairs:
        least = min(distance for distance, _pair in pairs)
        yield chance.choice([pair for distance, pair in pairs if distance <= least + ROUNDING])


def _different_texts(answers: Sequence[Answer], *, first: int | None) -> list[Answer]:
    """One answer for each text; that of model `first` where it said the same as another."""
    by_text: dict[str, Answer] = {}
    for answer in answers:
        known = by_text.setdefault(answer.digest, answer)
        if answer.model == first and known.model != first:
            by_text[answer.digest] = answer
    return list(by_text.values())


def _rival(answers: list[Answer]) -> Answer:
    """Whom the first answer meets: the next one of another model, else simply the next one."""
    of_another = (answer for answer in answers[1:] if answer.model != answers[0].model)
    return next(of_another, answers[1])
