"""What judgments said, question by question, as numbers: whether people disagree, of many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from evalhub.judgments.models import Preference, RankedCompletion, Rating
from evalhub.rubrics.models import ScaleKind
from evalhub.stats.growing import Question

BOTH_BAD = 2.0  # beside -1, 0 and 1


def questions_of(judgments: Sequence[int]) -> list[Question]:
    """The questions by which a task grows, each with what the judgments (keys) answered, in order.

    These are the overall preference, what a ranking puts first, and each required criterion of each
    response. Responses are told apart by their order in the task, so that tasks are comparable.
    """
    answers: dict[Hashable, dict[int, float]] = defaultdict(dict)
    preferred = Preference.objects.filter(judgment__in=judgments, criterion=None)
    for judgment, margin, both_bad in preferred.values_list("judgment", "margin", "both_bad"):
        answers["overall"][judgment] = BOTH_BAD if both_bad else float(np.sign(margin))
    answers["first"] = _first(judgments)
    rated = Rating.objects.filter(judgment__in=judgments, turn=None, criterion__required=True)
    rows = list(
        rated.values_list("judgment", "completion", "criterion__slug", "criterion__kind", "value")
    )
    places = _places((judgment, completion) for judgment, completion, *_ in rows)
    scales: set[Hashable] = set()
    for judgment, completion, slug, kind, value in rows:
        if value is None:
            continue
        question = slug, places[judgment, completion]
        answers[question][judgment] = float(value)
        if kind == ScaleKind.SCALE:
            scales.add(question)
    return [
        Question(np.array([said.get(each, np.nan) for each in judgments]), question in scales)
        for question, said in answers.items()
        if said
    ]


def _first(judgments: Sequence[int]) -> dict[int, float]:
    """What each ranking puts first, as a number; an equal first place is one of its own."""
    ranked = RankedCompletion.objects.filter(judgment__in=judgments)
    rows = list(ranked.values_list("judgment", "completion", "tier"))
    places = _places((judgment, completion) for judgment, completion, _ in rows)
    first: dict[int, float] = defaultdict(float)
    for judgment, completion, tier in rows:
        if not tier:
            first[judgment] += 2 ** places[judgment, completion]
    return first


def _places(about: Iterable[tuple[int, int | None]]) -> dict[tuple[int, int | None], int]:
    """The place of each completion among those of its judgment."""
    found: dict[int, set[int | None]] = defaultdict(set)
    for judgment, completion in about:
        found[judgment].add(completion)
    return {
        (judgment, completion): place
        for judgment, completions in found.items()
        for place, completion in enumerate(sorted(completions, key=lambda key: key or 0))
    }
