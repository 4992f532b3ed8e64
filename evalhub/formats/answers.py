"""Rows for answers that came without a judge: shown by somebody, preferred, or liked.

Such files bring no ids: a prompt is named by its conversation, a completion by its text, a judgment
by the whole row; a row that stands twice counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalhub.formats.reading import Piece, Seen, Unfit, short_digest
from evalhub.formats.rows import (
    UNKNOWN_MODEL,
    CompletionRow,
    JudgmentRow,
    Message,
    PreferenceRow,
    PromptRow,
    RatingRow,
    plain,
)

GOOD, LIKED_RUBRIC = "good", "liked"  # whether an answer is good: yes or no


class Asked:
    """What the answers of a row have in common: its prompt, and what it brings beside it."""

    def __init__(
        self,
        piece: Piece,
        messages: list[Message],
        *,
        documents: list[Any] | None = None,
        reference: str = "",
        slices: dict[str, str] | None = None,
        ignored: tuple[str, ...] = (),
    ) -> None:
        told = [plain(each) for each in messages]
        beside = [documents or [], reference, slices or {}]
        name = short_digest([told, *beside] if any(beside) else told)
        self._piece = piece
        self.row = PromptRow(
            line=piece.line,
            id=name,
            messages=messages,
            documents=documents or [],
            reference=reference or None,
            slices=slices or {},
            ignored=ignored,
        )

    def with_answers(self, *answers: CompletionRow) -> PromptRow:
        """The prompt with its answers in an order that tells nothing."""
        different = {each.id: each for each in answers}
        row = self.row
        return PromptRow(
            line=row.line,
            id=row.id,
            messages=row.messages,
            documents=row.documents,
            reference=row.reference,
            slices=row.slices,
            ignored=row.ignored,
            completions=sorted(different.values(), key=lambda each: each.id),
        )

    def judgment(self, seen: Seen, said: list[str], **answers: Any) -> JudgmentRow:
        """`answers` are fields of the row; `said` tells it from others on this prompt."""
        name = short_digest([self.row.id, *said])
        again = seen.times(name)
        return JudgmentRow(
            line=self._piece.line,
            id=f"{name}-{again + 1}" if again else name,
            prompt=self.row.id,
            **answers,
        )


def completion_of(answer: Message, model: str = "") -> CompletionRow:
    calls = [plain(each) for each in answer.tool_calls]
    named = [model, answer.content, calls] if model or calls else answer.content
    return CompletionRow(
        short_digest(named), answer.content, model or UNKNOWN_MODEL, {}, answer.tool_calls
    )


def shown(
    asked: Asked, seen: Seen, answer: Message | None, *, model: str = ""
) -> Iterator[PromptRow | JudgmentRow]:
    """The answer as a completion to be judged, and as a demonstration to be learned from.

    A demonstration is text: an answer that does nothing but call tools is a completion only.
    """
    if answer is None:
        yield asked.row
        return
    if not answer.content.strip() and not answer.tool_calls:
        raise Unfit("", "The answer is empty. Fill it in or leave the row out.")
    completion = completion_of(answer, model)
    yield asked.with_answers(completion)
    if answer.content.strip() and not answer.tool_calls:
        yield asked.judgment(
            seen, [completion.id, "shown"], responses=[], demonstration=answer.content
        )


def preferred(
    asked: Asked, seen: Seen, chosen: Message, refused: Message
) -> Iterator[PromptRow | JudgmentRow]:
    better, worse = completion_of(chosen), completion_of(refused)
    row = asked.with_answers(better, worse)
    yield row
    yield asked.judgment(
        seen,
        [better.id, worse.id],
        responses=[each.id for each in row.completions],
        preferences=[PreferenceRow(choice=better.id)],
    )


def liked(
    asked: Asked, seen: Seen, answer: Message, *, is_good: bool
) -> Iterator[PromptRow | JudgmentRow]:
    """Whether somebody found the answer good, as KTO learns from."""
    completion = completion_of(answer)
    yield asked.with_answers(completion)
    yield asked.judgment(
        seen,
        [completion.id, str(is_good)],
        rubric=LIKED_RUBRIC,
        responses=[completion.id],
        ratings=[RatingRow(completion.id, GOOD, int(is_good))],
    )


def check_pair(chosen: Message, refused: Message, *, field: str, key: str = "value") -> None:
    """Raise Unfit where one of the two is no answer, or nothing was preferred."""
    at = f".{key}" if key else ""
    for name, each in (("chosen", chosen), ("rejected", refused)):
        if not each.content.strip() and not each.tool_calls:
            raise Unfit(f"{name}{at}", f"{name} is empty. Fill it in or leave the pair out.")
    if (chosen.content, chosen.tool_calls) == (refused.content, refused.tool_calls):
        reason = "chosen and rejected are the same text: nothing was preferred."
        raise Unfit(f"{field}{at}", reason)
