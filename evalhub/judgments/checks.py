"""Whether answers fit the task and the rubric, and what they mean once the shuffle is undone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase

from evalhub.campaigns.choices import TaskType
from evalhub.judgments.body import Answers, PreferenceGiven, RatingGiven
from evalhub.judgments.choices import Choice
from evalhub.judgments.errors import InvalidJudgment
from evalhub.rubrics.models import Criterion


@dataclass(frozen=True)
class Question:
    """What was asked."""

    type: str
    completions: Sequence[int]  # keys, in the task's own order
    permutation: Sequence[int]  # permutation[i] is the place shown as the i-th response
    criteria: Sequence[Criterion]
    asks_ratings: bool
    asks_critique: bool
    asks_correction: bool

    @property
    def shown(self) -> dict[str, int]:
        """The key of the completion behind each label: A is the first shown."""
        return {
            ascii_uppercase[nth]: self.completions[place]
            for nth, place in enumerate(self.permutation)
        }

    @property
    def rates(self) -> bool:
        return self.type == TaskType.RATING or self.asks_ratings


@dataclass
class Findings:
    """The answers as they are stored: by key, whatever the order in which things were shown."""

    ratings: list[tuple[int, int, int | None, str]] = field(default_factory=list)
    # completion, criterion, value, reason
    preferences: list[tuple[int | None, int, int, int, bool]] = field(default_factory=list)
    # criterion, first, second, margin, both bad
    ranking: list[tuple[int, int]] = field(default_factory=list)  # completion, tier
    corrections: list[tuple[int, str]] = field(default_factory=list)  # completion, content


def findings_of(answers: Answers, question: Question) -> Findings:
    """What `answers` say about the task.

    Raises:
        InvalidJudgment: names the field, what is wrong with it and the remedy.
    """
    if answers.spans:
        raise _wrong("spans", "This campaign does not ask for spans; send an empty list.")
    if answers.critique and not question.asks_critique:
        raise _wrong("critique", "This campaign does not ask for a critique; leave it empty.")
    return Findings(
        ratings=_ratings(answers, question),
        preferences=_preferences(answers, question),
        ranking=_ranking(answers, question),
        corrections=_corrections(answers, question),
    )


def _wrong(place: str, sentence: str) -> InvalidJudgment:
    return InvalidJudgment(sentence, field=place)


def _ratings(answers: Answers, question: Question) -> list[tuple[int, int, int | None, str]]:
    shown = question.shown
    criteria = {criterion.slug: criterion for criterion in question.criteria}
    found: dict[tuple[str, str], tuple[int, int, int | None, str]] = {}
    for nth, rating in enumerate(answers.ratings):
        place = f"ratings[{nth}]"
        if rating.response not in shown:
            raise _no_such_response(f"{place}.response", rating.response, shown)
        criterion = criteria.get(rating.criterion)
        if criterion is None:
            known = ", ".join(criteria) or "none"
            raise _wrong(
                f"{place}.criterion", f"No criterion “{rating.criterion}”; there are: {known}."
            )
        key = (rating.response, rating.criterion)
        if key in found:
            raise _wrong(place, f"{criterion.name} of response {rating.response} is rated twice.")
        _check_value(rating, criterion, place)
        found[key] = (shown[rating.response], criterion.pk, rating.value, rating.reason)
    if question.rates:
        _check_complete(found.keys(), question)
    return list(found.values())


def _check_value(rating: RatingGiven, criterion: Criterion, place: str) -> None:
    if rating.value is None:
        if not criterion.cannot_tell:
            raise _wrong(
                f"{place}.value",
                f"{criterion.name} needs a value from {criterion.low} to {criterion.high}; "
                "“cannot tell” is no answer to it.",
            )
        if not rating.reason:
            raise _wrong(f"{place}.reason", "A rating without a value needs a reason.")
        return
    if rating.value not in criterion.points:
        raise _wrong(
            f"{place}.value",
            f"{criterion.name} takes {criterion.low} to {criterion.high}, not {rating.value}.",
        )
    if rating.reason:
        raise _wrong(f"{place}.reason", "A reason goes with a value of null; leave it empty here.")


def _check_complete(rated: Collection[tuple[str, str]], question: Question) -> None:
    for label in question.shown:
        for criterion in question.criteria:
            if criterion.required and (label, criterion.slug) not in rated:
                raise _wrong(
                    "ratings", f"Rate {criterion.name} of response {label}; it is required."
                )


def _preferences(
    answers: Answers, question: Question
) -> list[tuple[int | None, int, int, int, bool]]:
    given = answers.preferences
    if question.type != TaskType.COMPARISON:
        if given:
            raise _wrong(
                "preferences", f"A {question.type} task takes no preferences; send an empty list."
            )
        return []
    criteria = {criterion.slug: criterion.pk for criterion in question.criteria}
    found: dict[str | None, tuple[int | None, int, int, int, bool]] = {}
    for nth, preference in enumerate(given):
        place = f"preferences[{nth}]"
        if preference.criterion is not None and preference.criterion not in criteria:
            known = ", ".join(criteria) or "none"
            raise _wrong(
                f"{place}.criterion",
                f"No criterion “{preference.criterion}”; there are: {known}; null is overall.",
            )
        if preference.criterion in found:
            raise _wrong(place, "There are two preferences on the same criterion.")
        key = None if preference.criterion is None else criteria[preference.criterion]
        first, second = question.completions
        margin = _margin(preference, question.permutation)
        both_bad = preference.choice == Choice.BOTH_BAD.value
        found[preference.criterion] = (key, first, second, margin, both_bad)
    if None not in found:
        raise _wrong("preferences", "Say which response is better overall (criterion null).")
    return list(found.values())


def _margin(preference: PreferenceGiven, permutation: Sequence[int]) -> int:
    """Towards the task's first completion: +strength if that is the one preferred.

    Shown as [B, A] (permutation [1, 0]), "A by 2" is the task's second completion: -2.
    """
    if preference.choice not in (Choice.A.value, Choice.B.value):
        return 0
    place = permutation[0 if preference.choice == Choice.A.value else 1]
    strength = preference.strength or 1
    return strength if place == 0 else -strength


def _ranking(answers: Answers, question: Question) -> list[tuple[int, int]]:
    if question.type != TaskType.RANKING:
        if answers.ranking:
            raise _wrong("ranking", f"A {question.type} task takes no ranking; send an empty list.")
        return []
    shown = question.shown
    found: dict[str, tuple[int, int]] = {}
    for tier, labels in enumerate(answers.ranking):
        for label in labels:
            if label not in shown:
                raise _no_such_response(f"ranking[{tier}]", label, shown)
            if label in found:
                raise _wrong(f"ranking[{tier}]", f"Response {label} is ranked twice.")
            found[label] = (shown[label], tier)
        if not labels:
            raise _wrong(f"ranking[{tier}]", "A tier holds at least one response.")
    missing = [label for label in shown if label not in found]
    if missing:
        raise _wrong("ranking", f"Rank every response; missing: {', '.join(missing)}.")
    return list(found.values())


def _corrections(answers: Answers, question: Question) -> list[tuple[int, str]]:
    shown = question.shown
    found: dict[int, str] = {}
    for nth, correction in enumerate(answers.corrections):
        place = f"corrections[{nth}]"
        if not question.asks_correction:
            raise _wrong(place, "This campaign does not ask for corrections; send an empty list.")
        if correction.response not in shown:
            raise _no_such_response(f"{place}.response", correction.response, shown)
        if not correction.content.strip():
            raise _wrong(f"{place}.content", "A correction holds the better text; this is empty.")
        if shown[correction.response] in found:
            raise _wrong(place, f"Response {correction.response} is corrected twice.")
        found[shown[correction.response]] = correction.content
    return list(found.items())


def _no_such_response(place: str, label: str, shown: dict[str, int]) -> InvalidJudgment:
    return _wrong(place, f"No response “{label}”; there are: {', '.join(shown) or 'none'}.")
