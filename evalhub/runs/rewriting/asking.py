"""What a model is asked for, and which of its answers will do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from evalhub.common.canonical import plain_text
from evalhub.prompts.models import Prompt
from evalhub.runs.models import RewritingWay

LANGUAGES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "tr": "Turkish",
}
CODES = tuple(LANGUAGES)
_PARAPHRASE = (
    "Write the following text in other words. Keep its meaning, its language, and every name, number "
    "and piece of code. Answer with the new text alone.\n\n{text}"
)
_TRANSLATE = (
    "Translate the following text into {language}. Keep every name, number and piece of code. Answer "
    "with the translation alone.\n\n{text}"
)
_TIMES, _BEYOND = 2, 80  # an answer is too long from twice its parent's characters and 80 more


class Answer(NamedTuple):
    """What the model made of the last turn of a prompt; the id is "<uid of the prompt> <number>"."""

    parent: UUID
    nth: int  # of the answers to one prompt
    content: str
    finish: str

    @property
    def id(self) -> str:
        return f"{self.parent} {self.nth}"


def first_rows(
    prompts: Iterable[Prompt], way: str, language: str, *, n: int
) -> list[dict[str, object]]:
    """What the first run answers: `n` rows for each prompt, so that each goes its own way."""
    if way == RewritingWay.PARAPHRASE:
        told = _PARAPHRASE
    else:
        told = _TRANSLATE.replace("{language}", LANGUAGES[language])
    return [
        _row(Answer(prompt.uid, nth, prompt.last_turn, ""), told)
        for prompt in prompts
        for nth in range(n)
    ]


def second_rows(answers: Iterable[Answer], back: str) -> list[dict[str, object]]:
    """The way back into the language named `back`."""
    told = _TRANSLATE.replace("{language}", LANGUAGES[back])
    return [_row(each, told) for each in answers]


def _row(answer: Answer, told: str) -> dict[str, object]:
    text = told.replace("{text}", answer.content)  # no format(): braces in a prompt are text
    return {"id": answer.id, "prompt": [{"role": "user", "content": text}]}


def answers_in(rows: Iterable[Mapping[str, object]]) -> list[Answer]:
    """Of a run's completions.jsonl, whose prompts have ids as above."""
    found = []
    for row in rows:
        parent, nth = str(row["prompt"]).split(" ")
        found.append(
            Answer(UUID(parent), int(nth), str(row["content"]).strip(), str(row["finish"]))
        )
    return found


def fit(
    answers: Iterable[Answer], texts: Mapping[UUID, str], dropped: Counter[str]
) -> list[Answer]:
    """Those that are whole, of a fit length, and none like its parent or like another of the same.

    Args:
        texts: the last turn of each prompt, by uid.
    """
    fitting, seen = [], {(uid, plain_text(text)) for uid, text in texts.items()}
    for each in answers:
        told = (each.parent, plain_text(each.content))
        if fault := _fault(each, texts[each.parent]):
            dropped[fault] += 1
        elif told in seen:
            dropped["same"] += 1
        else:
            seen.add(told)
            fitting.append(each)
    return fitting


def whole(
    answers: Iterable[Answer], texts: Mapping[UUID, str], dropped: Counter[str]
) -> list[Answer]:
    """The same of a translation, which may well be like its parent where that is a name."""
    found = []
    for each in answers:
        if fault := _fault(each, texts[each.parent]):
            dropped[fault] += 1
        else:
            found.append(each)
    return found


def _fault(answer: Answer, text: str) -> str:
    if not answer.content:
        return "empty"
    if answer.finish == "length":
        return "truncated"
    return "too_long" if len(answer.content) > _TIMES * len(text) + _BEYOND else ""


DROPPED = {
    "not_answered": "too long for the model to answer",
    "empty": "empty",
    "truncated": "cut at the limit of length",
    "too_long": "far longer than its parent",
    "same": "the same as its parent or as another one",
    "near_another": "nearly the same as a prompt of another group",
    "not_for_training": "whose parent is for training no longer",
}  # why an answer became no prompt
