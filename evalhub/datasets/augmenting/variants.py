"""The texts of a row as one way of augmentation makes them, or nothing where that will not do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from evalhub.datasets.augmenting.options import (
    CounterfactualSwap,
    SentenceShuffle,
    Way,
    WordReplacement,
)
from evalhub.datasets.augmenting.sentences import shuffled
from evalhub.datasets.augmenting.swaps import Swap
from evalhub.datasets.augmenting.words import Thesaurus

Messages = list[dict[str, Any]]


class Texts(NamedTuple):
    """What a row says: its prompt and its answers. A raw text has no prompt and is the one answer.

    `calls` are the tools that it declares and calls, which no way changes.
    """

    messages: Messages
    answers: tuple[str, ...]
    calls: str = ""


Maker = Callable[[Texts, str], Texts | None]


def maker_of(way: Way) -> Maker:
    """A function from a row's texts and its id to other texts; None: not from this row."""
    match way:
        case WordReplacement():
            return _replacing(Thesaurus(way.words), way.seed)
        case SentenceShuffle():
            return _shuffling(way.seed)
        case CounterfactualSwap():
            return _swapping(Swap(way.all_pairs()))


def _replacing(thesaurus: Thesaurus, seed: int) -> Maker:
    def made(texts: Texts, parent: str) -> Texts | None:
        """A word that an answer takes up stays in the prompt: the answer speaks of it."""
        by = f"{seed}:{parent}"
        if not texts.messages:
            [text] = texts.answers
            return Texts([], (thesaurus.replaced(text, keep=set(), by=by),))
        others = [turn["content"] for turn in texts.messages if turn["role"] != "user"]
        keep = thesaurus.words_in("\n".join([*others, *texts.answers, texts.calls]))
        return _by_user(texts, lambda text: thesaurus.replaced(text, keep=keep, by=by))

    return made


def _shuffling(seed: int) -> Maker:
    def made(texts: Texts, parent: str) -> Texts | None:
        """Answers keep their order: an argument, steps and a story are told by it."""
        by = f"{seed}:{parent}"
        if not texts.messages:
            [text] = texts.answers
            return Texts([], (shuffled(text, by=by),))
        return _by_user(texts, lambda text: shuffled(text, by=by))

    return made


def _swapping(swap: Swap) -> Maker:
    def made(texts: Texts, _parent: str) -> Texts | None:
        """In all turns and answers alike, so that what was preferred still is."""
        told = [*(turn["content"] for turn in texts.messages), *texts.answers]
        is_of_tools = texts.calls or any(map(_is_of_tools, texts.messages))
        if is_of_tools or any(map(swap.is_split, told)):
            return None
        messages = [turn | {"content": swap.swapped(turn["content"])} for turn in texts.messages]
        return Texts(messages, tuple(map(swap.swapped, texts.answers)))

    return made


def _by_user(texts: Texts, change: Callable[[str], str]) -> Texts:
    messages = [
        turn | {"content": change(turn["content"])} if turn["role"] == "user" else turn
        for turn in texts.messages
    ]
    return texts._replace(messages=messages)


def _is_of_tools(turn: dict[str, Any]) -> bool:
    return turn["role"] == "tool" or bool(turn.get("tool_calls"))
