"""Choices, or labels, as a model reads them: each as the whole answer to the prompt, its end included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.data import Encoded, Encoder
from training.errors import InputError
from training.metrics.asked import Asked
from training.models import Loaded


@dataclass(frozen=True)
class Choice:
    """One row: its prompt and the texts to choose from, in token ids."""

    named: dict[str, Any]  # columns of choices.jsonl that are known before anything is read
    prompt: list[int]
    texts: list[list[int]]


def choices_of(
    rows: Sequence[Encoded], asked: Mapping[str, Asked], loaded: Loaded, *, limit: int
) -> list[Choice]:
    """Of each row that has any.

    After plain text a choice follows as it stands, so it brings the white space between both.

    Raises:
        InputError: a prompt with one of its choices is longer than `limit` tokens.
    """
    encoder, found = Encoder(loaded), []
    for each in rows:
        wanted = asked[each.row.id]
        if not wanted.texts:
            continue
        texts = [_ids(encoder, each, text) for text in wanted.texts]
        longest = len(each.prompt) + max(map(len, texts))
        if longest > limit:
            raise InputError(
                f"Input 'prompts', row {each.row.number} (id {each.row.id}): with its longest choice it has "
                f"{longest} tokens, {limit} fit; shorten it, or choose a model that takes more."
            )
        named = {"id": each.row.id, "group": each.row.group, "right": wanted.right}
        labels = {"labels": list(wanted.labels)} if wanted.labels else {}
        found.append(Choice(named | labels, each.prompt, texts))
    return found


def _ids(encoder: Encoder, each: Encoded, text: str) -> list[int]:
    prompt = each.row.texts["prompt"]
    said = text if isinstance(prompt, str) else [{"role": "assistant", "content": text}]
    place = f"Input 'prompts', row {each.row.number} (id {each.row.id})"
    return encoder.completion(prompt, said, each.prompt, tools=each.row.tools, place=place)
