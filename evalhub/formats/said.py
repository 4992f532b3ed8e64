"""What people said in other tools, gathered question by question into one judgment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from evalhub.formats.reading import short_digest
from evalhub.formats.rows import (
    CorrectionRow,
    JudgmentRow,
    PreferenceRow,
    PromptRow,
    RatingRow,
    Row,
    SpanRow,
)

TIES = ("tie", "equal", "same", "both", "no preference", "draw", "none")
BOTH_BAD = ("both_bad", "both bad", "neither", "tie (bothbad)", "bad")


class Said:
    """One person's answers about one prompt and the responses that were shown."""

    def __init__(
        self, prompt: PromptRow, *, name: str, rubric: str, responses: Iterable[str]
    ) -> None:
        self._prompt, self._name, self._rubric = prompt, name, rubric
        self.responses = list(responses)
        self.annotator: str | None = None
        self.at: datetime | None = None
        self.is_model = False
        self.ratings: list[RatingRow] = []
        self.labels: list[RatingRow] = []  # of the prompt alone
        self.preferences: list[PreferenceRow] = []
        self.ranking: list[list[str]] = []
        self.spans: list[SpanRow] = []
        self.prompt_spans: list[SpanRow] = []
        self.corrections: list[CorrectionRow] = []
        self.demonstration = ""
        self.critique: list[str] = []
        self.ignored: set[str] = set()

    def rate(self, question: str, value: Any, *, response: str | None = None) -> None:
        """A whole number is a value; true and false are 1 and 0; words are a label; null is missing."""
        place = response if response is not None else self._only_response()
        criterion = slug_of(question)
        if isinstance(value, (bool, int)) or (isinstance(value, float) and value.is_integer()):
            row = RatingRow(place, criterion, int(value))
        elif value is None:
            row = RatingRow(place, criterion, None, "not_given")
        else:
            row = RatingRow(place, criterion, label=str(value)[:200] or None, reason="")
        (self.labels if place is None else self.ratings).append(row)

    def prefer(self, choice: str, *, question: str | None = None, strength: int = 1) -> None:
        criterion = slug_of(question) if question else None
        self.preferences.append(PreferenceRow(choice, criterion, strength))

    def mark(
        self, start: int, end: int, label: str, text: str | None, *, response: str | None
    ) -> None:
        spans = self.prompt_spans if response is None else self.spans
        spans.append(SpanRow(response, start, end, slug_of(label), text=text))

    def remark(self, question: str, text: str) -> None:
        self.critique.append(f"{question}: {text}" if question else text)

    def rows(self) -> Iterator[Row]:
        """What was said of the responses, of the prompt alone, and what was written: each on its own."""
        of_responses: dict[str, Any] = {
            "ratings": self.ratings,
            "preferences": self.preferences,
            "ranking": self.ranking,
            "spans": self.spans,
            "corrections": self.corrections,
        }
        critique = "\n".join(self.critique)
        ignored = tuple(sorted(self.ignored))
        on_responses = bool(self.responses) and (any(of_responses.values()) or bool(critique))
        if on_responses:
            yield self._row(
                "", responses=self.responses, critique=critique, ignored=ignored, **of_responses
            )
        if self.labels or self.prompt_spans:
            told = {} if on_responses else {"critique": critique, "ignored": ignored}
            yield self._row(
                "-prompt", responses=[], ratings=self.labels, spans=self.prompt_spans, **told
            )
        if self.demonstration:
            yield self._row("-written", responses=[], demonstration=self.demonstration)

    def _row(self, suffix: str, **answers: Any) -> JudgmentRow:
        """Under the file's rubric if it answers a question of it; else it is overall."""
        questions = [each for each in answers.get("preferences", ()) if each.criterion]
        asks = bool(questions or answers.get("ratings") or answers.get("spans"))
        return JudgmentRow(
            line=self._prompt.line,
            id=f"{self._name}{suffix}"[-200:],
            prompt=self._prompt.id,
            rubric=self._rubric if asks else "default",
            annotator=(self.annotator or "")[:100] or None,
            at=self.at,
            source="model" if self.is_model else "imported",
            **answers,
        )

    def _only_response(self) -> str | None:
        return self.responses[0] if len(self.responses) == 1 else None


def slug_of(name: str) -> str:
    """A question's or label's name as a slug: lower-case letters, digits and hyphens."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50].strip("-")
    return slug or f"q-{short_digest(name)[:8]}"


def time_of(value: Any) -> datetime | None:
    """A point in time of a file; without a zone it is taken as UTC. Nothing for what is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def choice_of(value: str, responses: list[str], names: Iterable[Iterable[str]] = ()) -> str | None:
    """Which response a word names, "tie", "both_bad", or None.

    Args:
        names: of each response, what else it may be called: its field, its model.
    """
    said = value.strip().lower()
    for place, (response, also) in enumerate(zip(responses, [*names, *[()] * 8], strict=False)):
        letter = "abcdefgh"[place]
        known = {
            letter,
            f"model_{letter}",
            f"response {letter}",
            f"response_{letter}",
            str(place + 1),
        }
        known |= {
            f"response-{place + 1}",
            f"response_{place + 1}",
            *(each.lower() for each in also),
        }
        if len(responses) == 2:
            known.add(("left", "right")[place])
        if said in known:
            return response
    if said in BOTH_BAD:
        return "both_bad"
    return "tie" if said in TIES else None
