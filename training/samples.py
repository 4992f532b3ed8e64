"""What people are shown of a run's answers while it works. Imports no torch."""

from __future__ import annotations

from training.attempt import Attempt
from training.rows import Row, Text

ASKED = 500  # characters of a prompt that are told


def tell_sample(attempt: Attempt, row: Row, content: str, *, step: int) -> None:
    asked = _last_words(row.texts["prompt"])[:ASKED]
    attempt.events.write("sample", step=step, prompt=row.id, asked=asked, content=content)


def _last_words(prompt: Text) -> str:
    """Of the turn that is answered."""
    return prompt if isinstance(prompt, str) else str(prompt[-1]["content"])
