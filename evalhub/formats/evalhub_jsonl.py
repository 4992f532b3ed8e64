"""evalhub JSONL: one prompt or one judgment per line. docs/formats.md shows the fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TypeVar

import msgspec

from evalhub.formats.reading import Piece, Seen, rejected, typed
from evalhub.formats.rows import JudgmentRow, PromptRow, Rejected

R = TypeVar("R", PromptRow, JudgmentRow)


def read_prompts(pieces: Iterable[Piece | Rejected]) -> Iterator[PromptRow | Rejected]:
    seen = Seen()
    for piece in pieces:
        if isinstance(piece, Rejected):
            yield piece
            continue
        row = _prompt(piece)
        yield row if isinstance(row, Rejected) else _once(piece, row, seen)


def read_judgments(pieces: Iterable[Piece | Rejected]) -> Iterator[JudgmentRow | Rejected]:
    seen = Seen()
    for piece in pieces:
        if isinstance(piece, Rejected):
            yield piece
            continue
        row = _judgment(piece)
        yield row if isinstance(row, Rejected) else _once(piece, row, seen)


def _once(piece: Piece, row: R, seen: Seen) -> R | Rejected:
    if seen.times(row.id):
        return rejected(
            piece, "id", f"The id {row.id!r} stands twice in this file. Give each row its own."
        )
    return row


def _prompt(piece: Piece) -> PromptRow | Rejected:
    if isinstance(piece.value, dict) and "responses" in piece.value:
        return rejected(piece, "", "This is a judgment, not a prompt. Import it as judgments.")
    row = typed(piece, PromptRow, line=piece.line, ignored=_unknown(piece, PromptRow))
    if isinstance(row, Rejected):
        return row
    return prompt_fault(piece, row) or row


def prompt_fault(piece: Piece, row: PromptRow) -> Rejected | None:
    """What the types alone cannot tell about a prompt."""
    last = len(row.messages) - 1
    if row.messages[last].role not in ("user", "tool"):
        reason = "The last message must be the user's or a tool's: answers belong into completions."
        return rejected(piece, f"messages[{last}].role", reason)
    if not row.messages[last].content.strip():
        return rejected(piece, f"messages[{last}].content", "The prompt is empty.")
    for place, each in enumerate(row.messages):
        if each.tool_calls and each.role != "assistant":
            reason = "Only the assistant calls tools; leave them out of this turn."
            return rejected(piece, f"messages[{place}].tool_calls", reason)
    ids = [each.id for each in row.completions]
    for place, answer in enumerate(row.completions):
        if not (answer.content.strip() or answer.tool_calls):
            return rejected(piece, f"completions[{place}].content", "The completion is empty.")
        if answer.id in ids[:place]:
            reason = f"The id {answer.id!r} stands twice among the completions."
            return rejected(piece, f"completions[{place}].id", reason)
    return None


def _judgment(piece: Piece) -> JudgmentRow | Rejected:
    if isinstance(piece.value, dict) and "messages" in piece.value:
        return rejected(piece, "", "This is a prompt, not a judgment. Import it as prompts.")
    row = typed(piece, JudgmentRow, line=piece.line, ignored=_unknown(piece, JudgmentRow))
    if isinstance(row, Rejected):
        return row
    return judgment_fault(piece, row) or row


def judgment_fault(piece: Piece, row: JudgmentRow) -> Rejected | None:
    """What the types alone cannot tell about a judgment."""
    faults = (
        _responses_fault,
        _ratings_fault,
        _preferences_fault,
        _ranking_fault,
        _spans_fault,
        _corrections_fault,
    )
    for fault in faults:
        if found := fault(row):
            return rejected(piece, *found)
    said = (row.ratings, row.preferences, row.ranking, row.spans, row.corrections)
    if not (any(said) or row.critique.strip() or row.demonstration.strip()):
        reason = (
            "The judgment says nothing: give ratings, preferences, a ranking, spans, corrections, "
            "a demonstration or a critique."
        )
        return rejected(piece, "", reason)
    return None


Fault = tuple[str, str] | None  # the field and the reason


def _responses_fault(row: JudgmentRow) -> Fault:
    if len(set(row.responses)) < len(row.responses):
        return "responses", "A response is named twice."
    if row.responses and row.demonstration:
        return "demonstration", "It is written to the prompt alone: leave `responses` empty."
    return None


def _ratings_fault(row: JudgmentRow) -> Fault:
    asked: set[tuple[str | None, str]] = set()
    for place, each in enumerate(row.ratings):
        if not _is_about(each.response, row):
            return f"ratings[{place}].response", f"{each.response!r} is none of the responses."
        if each.value is not None and each.label is not None:
            return f"ratings[{place}].label", "Give the value or its label, not both."
        if (each.response, each.criterion) in asked:
            return f"ratings[{place}]", "This response is rated twice on this criterion."
        asked.add((each.response, each.criterion))
    return None


def _is_about(response: str | None, row: JudgmentRow) -> bool:
    """None is the prompt alone, and only where no responses were shown."""
    return response in row.responses if response is not None else not row.responses


def _preferences_fault(row: JudgmentRow) -> Fault:
    if row.preferences and len(row.responses) != 2:
        return "preferences", "A preference needs exactly two responses; use ranking for more."
    asked: set[str | None] = set()
    for place, each in enumerate(row.preferences):
        if each.choice not in (*row.responses, "tie", "both_bad"):
            reason = f'{each.choice!r} is none of the responses, nor "tie" nor "both_bad".'
            return f"preferences[{place}].choice", reason
        if each.criterion in asked:
            return f"preferences[{place}].criterion", "This criterion is answered twice."
        asked.add(each.criterion)
    return None


def _ranking_fault(row: JudgmentRow) -> Fault:
    ranked = [each for tier in row.ranking for each in tier]
    if not ranked:
        return None
    if stranger := next((each for each in ranked if each not in row.responses), None):
        return "ranking", f"{stranger!r} is none of the responses."
    if len(set(ranked)) < len(ranked) or len(ranked) < 2:
        return "ranking", "A ranking names at least two responses, each once."
    return None


def _spans_fault(row: JudgmentRow) -> Fault:
    for place, each in enumerate(row.spans):
        if not _is_about(each.response, row):
            return f"spans[{place}].response", f"{each.response!r} is none of the responses."
        if each.text == "":
            reason = "The passage is empty; leave `text` out, or the span."
            return f"spans[{place}].text", reason
    return None


def _corrections_fault(row: JudgmentRow) -> Fault:
    for place, each in enumerate(row.corrections):
        if each.response not in row.responses:
            return f"corrections[{place}].response", f"{each.response!r} is none of the responses."
        if not each.content.strip():
            return f"corrections[{place}].content", "The correction is empty."
    corrected = [each.response for each in row.corrections]
    if len(set(corrected)) < len(corrected):
        return "corrections", "A response is corrected twice."
    return None


def _unknown(piece: Piece, kind: type[msgspec.Struct]) -> tuple[str, ...]:
    if not isinstance(piece.value, dict):
        return ()
    return tuple(sorted(piece.value.keys() - _fields(kind)))


@cache
def _fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(kind.__struct_fields__) - {"line", "ignored"}  # these two are ours
