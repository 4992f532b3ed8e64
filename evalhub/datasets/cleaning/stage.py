"""Cleaning rows a batch at a time: their texts, and what is seen in one row alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from evalhub.accounts.models import Workspace
from evalhub.datasets.cleaning.answers import is_off_topic
from evalhub.datasets.cleaning.calls import Calls, texts_in, with_texts
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.recipe import VERSIONS, CleanText, Finding, Recipe, Role
from evalhub.datasets.cleaning.spelling import can_spell, unknown_words
from evalhub.datasets.cleaning.steps import Steps, leaves
from evalhub.datasets.cleaning.store import Store

Messages = list[dict[str, Any]]
ROLES: tuple[Role, ...] = ("prompt", "answer", "call")


class Row(NamedTuple):
    """A row ahead of cleaning. `fields` name its answers; `finishes`: "length" where one was cut; `calls`
    of tools as JSON, of which the texts in arguments are cleaned.
    """

    prompt: str  # uid, for examples
    messages: Messages
    fields: tuple[str, ...]
    answers: tuple[str, ...]
    finishes: tuple[str, ...]
    calls: tuple[str, ...]


class Clean(NamedTuple):
    """The row with its texts mended, what was done and found, and why it is left out, or ""."""

    messages: Messages
    answers: tuple[str, ...]
    calls: tuple[str, ...]
    notes: list[dict[str, Any]]
    reason: str


class Stage:
    """Cleans the rows of one build. `spellings` counts unknown words, where asked for; `is_idle` where nothing
    is asked for at all.
    """

    def __init__(
        self, *, workspace: Workspace, options: Cleaning, accepted: Mapping[str, str]
    ) -> None:
        self._options = options
        self._recipes = {role: Recipe(options, role, accepted) for role in ROLES}
        self._stores = {role: Store(workspace, each) for role, each in self._recipes.items()}
        self.steps = Steps()
        for recipe in self._recipes.values():
            self.steps.not_run |= recipe.not_run
        looks = options.truncated != "off" or options.off_topic != "off"
        self.is_idle = not (
            looks or options.spelling or any(each.steps for each in self._recipes.values())
        )
        self._spells = bool(options.spelling) and can_spell()
        if options.spelling and not self._spells:
            self.steps.not_run["spelling"] = "the extra “spelling” is not installed"
        self.spellings: Counter[str] = Counter()

    def clean(self, rows: Sequence[Row]) -> list[Clean]:
        """Each row, in order."""
        told = [_Told(row, [_calls_of(text) for text in row.calls]) for row in rows]
        cleaned = _Texts(
            self._cleaned("prompt", [turn["content"] for row in rows for turn in row.messages]),
            self._cleaned("answer", [text for row in rows for text in row.answers]),
            self._cleaned("call", [text for each in told for text in each.texts_of_calls()]),
        )
        return [self._row(each, cleaned) for each in told]

    def mended(self, conversations: Sequence[Messages]) -> list[Messages]:
        """Prompts that stand in no row; nothing is counted."""
        texts = (turn["content"] for messages in conversations for turn in messages)
        calls = (text for messages in conversations for text in _asked_calls(messages))
        cleaned = _Texts(self._stores["prompt"].clean(texts), {}, self._stores["call"].clean(calls))
        return [_mended(messages, cleaned) for messages in conversations]

    @property
    def entities(self) -> dict[str, Any]:
        """What names and the like were found by, with versions; empty where nobody asked for them."""
        found = self._recipes["prompt"].entities
        return found.told if found else {}

    def texts(self) -> Counter[str]:
        """How many distinct texts were cleaned, and how many were known."""
        stores = self._stores.values()
        return Counter(
            cleaned=sum(each.cleaned for each in stores), known=sum(each.known for each in stores)
        )

    def _cleaned(self, role: Role, texts: list[str]) -> dict[str, CleanText]:
        if not texts:
            return {}
        for step in self._recipes[role].steps:
            self.steps.counts[step].looked += len(texts)
        return self._stores[role].clean(texts)

    def _row(self, told: _Told, cleaned: _Texts) -> Clean:
        row = told.row
        found = list(cleaned.found_in_prompt(row.messages))
        messages = _mended(row.messages, cleaned)
        texts = tuple(cleaned.answers[each].text for each in row.answers)
        for name, given in zip(row.fields, row.answers, strict=True):
            found += [(name, each) for each in cleaned.answers[given].findings]
        for name, calls in zip(row.fields, told.calls, strict=True):
            found += [(name, each) for each in cleaned.found_in_calls(calls)]
        written = tuple(map(cleaned.calls_as_text, row.calls, told.calls))
        found += list(self._seen_in(row, messages, texts))
        reason = ""
        notes = []
        for at, finding in found:
            self.steps.note(
                finding.step,
                finding.what,
                {"prompt": row.prompt, "field": at, "what": finding.what},
            )
            notes.append(note(finding, at))
            if not reason and leaves(self._options, finding.step, at):
                reason = f"cleaning_{finding.step}"
                self.steps.counts[finding.step].left_out += 1
        return Clean(
            messages,
            texts,
            written,
            notes,
            reason or fault_of(list(zip(texts, written, strict=True))),
        )

    def _seen_in(
        self, row: Row, messages: Messages, texts: tuple[str, ...]
    ) -> Iterator[tuple[str, Finding]]:
        options = self._options
        asked = [each["content"] for each in messages if each["role"] == "user"]
        for name, text, finish in zip(row.fields, texts, row.finishes, strict=True):
            if options.truncated != "off" and finish == "length":
                yield name, Finding("truncated", "reached its length limit")
            if options.off_topic != "off":
                self.steps.counts["off_topic"].looked += 1
                if is_off_topic(asked, text):
                    yield name, Finding("off_topic", "shares no word with its prompt")
            if self._spells and name != "rejected":
                self.spellings.update(unknown_words(text, options.spelling))


class _Told(NamedTuple):
    row: Row
    calls: list[Calls]  # of each answer

    def texts_of_calls(self) -> Iterator[str]:
        yield from _asked_calls(self.row.messages)
        for calls in self.calls:
            yield from texts_in(calls)


class _Texts(NamedTuple):
    """What became of the texts of a batch."""

    prompts: Mapping[str, CleanText]
    answers: Mapping[str, CleanText]
    calls: Mapping[str, CleanText]

    def found_in_prompt(self, messages: Messages) -> Iterator[tuple[str, Finding]]:
        for turn in messages:
            for each in self.prompts[turn["content"]].findings:
                yield "prompt", each
        for text in _asked_calls(messages):
            for each in self.calls[text].findings:
                yield "prompt", each

    def found_in_calls(self, calls: Calls) -> Iterator[Finding]:
        for text in texts_in(calls):
            yield from self.calls[text].findings

    def of_call(self, text: str) -> str:
        return self.calls[text].text

    def calls_as_text(self, given: str, calls: Calls) -> str:
        """As given where nothing changed: the text names its row."""
        mended = with_texts(calls, self.of_call)
        return given if mended == calls else json.dumps(mended, ensure_ascii=False)


def _calls_of(text: str) -> Calls:
    return json.loads(text) if text else []


def _asked_calls(messages: Messages) -> Iterator[str]:
    for turn in messages:
        if "tool_calls" in turn:
            yield from texts_in(turn["tool_calls"])


def _mended(messages: Messages, cleaned: _Texts) -> Messages:
    """Roles and whatever else a turn has stay as they are."""
    return [_mended_turn(turn, cleaned) for turn in messages]


def _mended_turn(turn: dict[str, Any], cleaned: _Texts) -> dict[str, Any]:
    mended = turn | {"content": cleaned.prompts[turn["content"]].text}
    if "tool_calls" in turn:
        mended["tool_calls"] = with_texts(turn["tool_calls"], cleaned.of_call)
    return mended


def note(finding: Finding, at: str) -> dict[str, Any]:
    """A line of a row's lineage."""
    return {
        "step": finding.step,
        "version": VERSIONS[finding.step],
        "field": at,
        "what": finding.what,
    }


def fault_of(answers: Sequence[tuple[str, str]]) -> str:
    """Why answers, each a text with its calls, make no row, or ""."""
    if any(not called and not text.strip() for text, called in answers):
        return "blank_when_clean"
    return "same_when_clean" if len(answers) > 1 and answers[0] == answers[1] else ""
