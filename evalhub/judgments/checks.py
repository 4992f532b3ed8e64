"""Whether answers fit the task and the rubric, and what they mean once the shuffle is undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import gettext as _

from evalhub.campaigns.choices import Ask, TaskType
from evalhub.common.identity import BLACK
from evalhub.judgments.body import Answers, PreferenceGiven, RatingGiven
from evalhub.judgments.choices import IN_WORDS, Choice
from evalhub.judgments.passages import add_passages
from evalhub.judgments.question import (
    Findings,
    Material,
    PreferenceFound,
    Question,
    RatingFound,
    completion_behind,
    wrong,
)
from evalhub.rubrics.models import Criterion, ScaleKind


def findings_of(answers: Answers, question: Question, material: Callable[[], Material]) -> Findings:
    """What `answers` say about the task.

    Args:
        material: reads the texts; called only where an answer points into them.

    Raises:
        InvalidJudgment: names the field, what is wrong with it and the remedy.
    """
    if answers.spans and Ask.SPANS not in question.asks:
        raise wrong("spans", _("This campaign does not ask for spans; send an empty list."))
    if answers.critique and Ask.CRITIQUE not in question.asks:
        raise wrong("critique", _("This campaign does not ask for a critique; leave it empty."))
    findings = Findings(
        ratings=_ratings(answers, question),
        preferences=_preferences(answers, question),
        ranking=_ranking(answers, question),
        corrections=_corrections(answers, question),
        demonstration=_demonstration(answers, question),
    )
    if question.needs_material or answers.spans or answers.steps or answers.tool_calls:
        add_passages(findings, answers, question, material())
    return findings


RatingKey = tuple[str | None, int | None, str]  # label, turn, criterion's slug


def _ratings(answers: Answers, question: Question) -> list[RatingFound]:
    criteria = {criterion.slug: criterion for criterion in question.criteria}
    found: dict[RatingKey, RatingFound] = {}
    places: dict[RatingKey, str] = {}
    for nth, rating in enumerate(answers.ratings):
        place = f"ratings[{nth}]"
        completion = _rated_completion(rating, question, place)
        criterion = criteria.get(rating.criterion)
        if criterion is None:
            told = _("No criterion “%(slug)s”; there are: %(known)s.")
            known = {"slug": rating.criterion, "known": ", ".join(criteria) or _("none")}
            raise wrong(f"{place}.criterion", told % known)
        key = (rating.response, rating.turn, rating.criterion)
        if key in found:
            told = _("%(criterion)s of the prompt is rated twice.")
            if rating.response:
                told = _("%(criterion)s of response %(label)s is rated twice.")
            raise wrong(place, told % {"criterion": criterion.name, "label": rating.response})
        _check_value(rating, criterion, place)
        reason = IN_WORDS if criterion.kind == ScaleKind.TEXT else rating.reason
        found[key] = RatingFound(
            completion, criterion.pk, rating.turn, rating.value, reason, rating.comment
        )
        places[key] = place
    _check_conditions(found, places, criteria)
    if question.rates:
        _check_complete(found, question)
    return list(found.values())


def _check_conditions(
    found: Mapping[RatingKey, RatingFound],
    places: Mapping[RatingKey, str],
    criteria: Mapping[str, Criterion],
) -> None:
    for (label, turn, slug), place in places.items():
        criterion = criteria[slug]
        if not _is_asked(criterion, found, label, turn):
            told = _(
                "%(criterion)s is asked only after certain answers to %(other)s; leave it out."
            )
            other = criteria.get(criterion.asked_if)
            raise wrong(place, told % {"criterion": criterion.name, "other": other})


def _is_asked(
    criterion: Criterion,
    found: Mapping[RatingKey, RatingFound],
    label: str | None,
    turn: int | None,
) -> bool:
    on = found.get((label, turn, criterion.asked_if))
    return criterion.is_asked(on.value if on else None)


def _rated_completion(rating: RatingGiven, question: Question, place: str) -> int | None:
    if rating.turn is not None and Ask.TURNS not in question.asks:
        raise wrong(f"{place}.turn", _("This campaign does not judge turns; leave it null."))
    if question.type == TaskType.LABEL:
        if rating.response is not None:
            raise wrong(f"{place}.response", _("A label is about the prompt alone; send null."))
        return None
    return completion_behind(rating.response or "", question, f"{place}.response")


def _check_value(rating: RatingGiven, criterion: Criterion, place: str) -> None:
    if criterion.kind == ScaleKind.TEXT:
        _check_words(rating, criterion, place)
        return
    if rating.reason == IN_WORDS:
        raise wrong(f"{place}.reason", _("This criterion is not answered in words."))
    scale = {"criterion": criterion.name, "low": criterion.low, "high": criterion.high}
    if rating.value is None:
        if not criterion.cannot_tell:
            told = _(
                "%(criterion)s needs a value from %(low)s to %(high)s; "
                "“cannot tell” is no answer to it."
            )
            raise wrong(f"{place}.value", told % scale)
        if not rating.reason:
            raise wrong(f"{place}.reason", _("A rating without a value needs a reason."))
        return
    if rating.value not in criterion.points:
        told = _("%(criterion)s takes %(low)s to %(high)s, not %(value)s.")
        raise wrong(f"{place}.value", told % (scale | {"value": rating.value}))
    if rating.reason:
        raise wrong(
            f"{place}.reason", _("A reason goes with a value of null; leave it empty here.")
        )


def _check_words(rating: RatingGiven, criterion: Criterion, place: str) -> None:
    name = {"criterion": criterion.name}
    if rating.value is not None:
        raise wrong(
            f"{place}.value", _("%(criterion)s is answered in words; send null here.") % name
        )
    if rating.reason not in ("", IN_WORDS):
        told = _("%(criterion)s is answered in words; leave it out where there are none.")
        raise wrong(f"{place}.reason", told % name)
    if not rating.comment.strip():
        raise wrong(f"{place}.comment", _("%(criterion)s is answered here, in words.") % name)


def _check_complete(rated: Mapping[RatingKey, RatingFound], question: Question) -> None:
    labels: list[str | None] = [*question.shown] or [None]
    for label in labels:
        for criterion in question.criteria:
            is_open = (label, None, criterion.slug) not in rated
            if criterion.required and is_open and _is_asked(criterion, rated, label, None):
                told = _("Rate %(criterion)s; it is required.")
                if label:
                    told = _("Rate %(criterion)s of response %(label)s; it is required.")
                raise wrong("ratings", told % {"criterion": criterion.name, "label": label})


def _preferences(answers: Answers, question: Question) -> list[PreferenceFound]:
    given = answers.preferences
    if question.type != TaskType.COMPARISON:
        if given:
            told = _("A %(type)s task takes no preferences; send an empty list.")
            raise wrong("preferences", told % {"type": question.type})
        return []
    compared = [criterion for criterion in question.criteria if criterion.is_compared]
    criteria = {criterion.slug: criterion.pk for criterion in compared}
    found: dict[str | None, PreferenceFound] = {}
    for nth, preference in enumerate(given):
        place = f"preferences[{nth}]"
        if preference.criterion is not None and preference.criterion not in criteria:
            told = _("No criterion “%(slug)s”; there are: %(known)s; null is overall.")
            known = {"slug": preference.criterion, "known": ", ".join(criteria) or _("none")}
            raise wrong(f"{place}.criterion", told % known)
        if preference.criterion in found:
            raise wrong(place, _("There are two preferences on the same criterion."))
        if preference.comment and preference.criterion is None:
            told = _("Words on both responses as a whole are the critique; leave it empty here.")
            raise wrong(f"{place}.comment", told)
        key = None if preference.criterion is None else criteria[preference.criterion]
        first, second = question.completions
        margin = _margin(preference, question.permutation)
        both_bad = preference.choice == Choice.BOTH_BAD.value
        found[preference.criterion] = PreferenceFound(
            key, first, second, margin, both_bad, preference.comment
        )
    if None not in found:
        raise wrong("preferences", _("Say which response is better overall (criterion null)."))
    for criterion in compared if Ask.CRITERIA in question.asks else ():
        if criterion.required and criterion.slug not in found:
            told = _("Say which response is better in %(criterion)s.")
            raise wrong("preferences", told % {"criterion": criterion.name})
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
            told = _("A %(type)s task takes no ranking; send an empty list.")
            raise wrong("ranking", told % {"type": question.type})
        return []
    found: dict[str, tuple[int, int]] = {}
    for tier, labels in enumerate(answers.ranking):
        for label in labels:
            key = completion_behind(label, question, f"ranking[{tier}]")
            if label in found:
                told = _("Response %(label)s is ranked twice.") % {"label": label}
                raise wrong(f"ranking[{tier}]", told)
            found[label] = (key, tier)
        if not labels:
            raise wrong(f"ranking[{tier}]", _("A tier holds at least one response."))
    missing = [label for label in question.shown if label not in found]
    if missing:
        told = _("Rank every response; missing: %(labels)s.") % {"labels": ", ".join(missing)}
        raise wrong("ranking", told)
    return list(found.values())


def _corrections(answers: Answers, question: Question) -> list[tuple[int, str]]:
    found: dict[int, str] = {}
    for nth, correction in enumerate(answers.corrections):
        place = f"corrections[{nth}]"
        if Ask.CORRECTION not in question.asks:
            raise wrong(place, _("This campaign does not ask for corrections; send an empty list."))
        key = completion_behind(correction.response, question, f"{place}.response")
        if not correction.content.strip():
            raise wrong(f"{place}.content", _("A correction holds the better text; this is empty."))
        if question.masks_identity and BLACK in correction.content:
            told = _("Replace what is blacked out (%(black)s) by words.") % {"black": BLACK}
            raise wrong(f"{place}.content", told)
        if key in found:
            told = _("Response %(label)s is corrected twice.") % {"label": correction.response}
            raise wrong(place, told)
        found[key] = correction.content
    return list(found.items())


def _demonstration(answers: Answers, question: Question) -> list[str]:
    if question.type != TaskType.DEMONSTRATION:
        if answers.demonstration:
            told = _("A %(type)s task takes none; leave it empty.") % {"type": question.type}
            raise wrong("demonstration", told)
        return []
    if not answers.demonstration.strip():
        raise wrong("demonstration", _("Write the answer; it is empty."))
    return [answers.demonstration]
