"""From the answers in a judgment's row to those of the database, question by question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from evalhub.formats.rows import JudgmentRow, RatingRow, SpanRow, excerpt_of
from evalhub.judgments.services.imported import (
    ImportedCorrection,
    ImportedPreference,
    ImportedRating,
    ImportedSpan,
)
from evalhub.rubrics.models import Criterion, RubricVersion, ScaleKind


class Questions(NamedTuple):
    """A rubric version and its criteria by slug."""

    version: RubricVersion
    criteria: dict[str, Criterion]


class WrongField(Exception):
    """A field of the row that names nothing here, and the remedy."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def ratings_of(row: JudgmentRow, questions: Questions) -> tuple[ImportedRating, ...]:
    found = []
    for nth, each in enumerate(row.ratings):
        criterion = criterion_of(row, questions, each.criterion, f"ratings[{nth}].criterion")
        if criterion.kind == ScaleKind.TEXT:
            raise WrongField(
                f"ratings[{nth}].criterion",
                f"{criterion.name} is answered in words, which a file of judgments does not "
                "carry; leave it out.",
            )
        value = _value(each, criterion, f"ratings[{nth}]")
        place = None if each.response is None else row.responses.index(each.response)
        reason = "" if value is not None else each.reason or "not_given"
        found.append(ImportedRating(place=place, criterion=criterion, value=value, reason=reason))
    return tuple(found)


def _value(rating: RatingRow, criterion: Criterion, field: str) -> int | None:
    if rating.label is not None:
        return _labelled(rating.label, criterion, f"{field}.label")
    if rating.value is not None and rating.value not in criterion.points:
        scale = f"{criterion.low} to {criterion.high}"
        raise WrongField(
            f"{field}.value",
            f"{criterion.name} takes {scale}, not {rating.value}; null for “cannot tell”.",
        )
    return rating.value


def _labelled(label: str, criterion: Criterion, field: str) -> int:
    """The point that is called so; case does not matter."""
    called = {criterion.words_for(point).casefold(): point for point in criterion.points[:1000]}
    point = called.get(label.strip().casefold())
    if point is None:
        known = ", ".join(criterion.words_for(each) for each in criterion.points[:10])
        raise WrongField(field, f"{criterion.name} knows no {label[:60]!r}; it has {known}.")
    return point


def preferences_of(row: JudgmentRow, questions: Questions) -> tuple[ImportedPreference, ...]:
    found = []
    for nth, each in enumerate(row.preferences):
        margin = 0
        if each.choice in row.responses:
            margin = each.strength if each.choice == row.responses[0] else -each.strength
        field = f"preferences[{nth}].criterion"
        criterion = criterion_of(row, questions, each.criterion, field) if each.criterion else None
        found.append(
            ImportedPreference(
                criterion=criterion, margin=margin, both_bad=each.choice == "both_bad"
            )
        )
    return tuple(found)


def spans_of(
    row: JudgmentRow, questions: Questions, prompt: str, completions: Sequence[str]
) -> tuple[tuple[ImportedSpan, ...], int]:
    """The marked passages, and how many had to be put where their text stands.

    Args:
        prompt: the text of its last turn, in which a span of no response stands.
    """
    found: dict[tuple[int | None, int, int, str], ImportedSpan] = {}
    relocated = 0
    for nth, each in enumerate(row.spans):
        field = f"spans[{nth}]"
        _known(each.error_type, questions.version.error_types, f"{field}.error_type")
        _known(each.severity, questions.version.severities, f"{field}.severity")
        place = None if each.response is None else row.responses.index(each.response)
        start, end = _passage(each, prompt if place is None else completions[place], field)
        relocated += (start, end) != (each.start, each.end)
        found[place, start, end, each.error_type] = ImportedSpan(
            place=place,
            start=start,
            end=end,
            error_type=each.error_type,
            severity=each.severity,
            note=each.note,
        )
    return tuple(found.values()), relocated


def corrections_of(row: JudgmentRow) -> tuple[ImportedCorrection, ...]:
    return tuple(
        ImportedCorrection(place=row.responses.index(each.response), content=each.content)
        for each in row.corrections
    )


def criterion_of(row: JudgmentRow, questions: Questions, slug: str, field: str) -> Criterion:
    if slug not in questions.criteria:
        raise WrongField(
            field,
            f"The rubric “{questions.version.rubric.slug}” has no criterion {slug!r}; it has "
            f"{', '.join(sorted(questions.criteria))}. Import the file under another rubric, which is "
            "made where there is none: --rubric, or Rubric on the page.",
        )
    return questions.criteria[slug]


def _passage(span: SpanRow, content: str, field: str) -> tuple[int, int]:
    """Where the span stands: as it says, or where its text stands, if that is one place only."""
    if span.text is None:
        if not span.start < span.end <= len(content):
            told = (
                f"{span.start} to {span.end} is no passage of a text of {len(content)} characters."
            )
            raise WrongField(f"{field}.end", told)
        return span.start, span.end
    if content[span.start : span.end] == span.text:
        return span.start, span.end
    first = content.find(span.text)
    if first == -1:
        told = f"“{excerpt_of(span.text)}” does not stand in the response."
        raise WrongField(f"{field}.text", told)
    if content.find(span.text, first + 1) != -1:
        told = (
            f"“{excerpt_of(span.text)}” does not stand at {span.start} to {span.end}, and in more than "
            "one other place: correct the offsets."
        )
        raise WrongField(f"{field}.start", told)
    return first, first + len(span.text)


def _known(slug: str, named: Sequence[dict[str, str]], field: str) -> None:
    slugs = [each["slug"] for each in named]
    if slug and slug not in slugs:
        told = f"The rubric has no “{slug}”; it has {', '.join(slugs) or 'none'}."
        raise WrongField(field, told)
