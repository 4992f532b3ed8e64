"""From rows to token ids; and which rows cannot be used, said before training begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from training.artifacts import write_rows
from training.attempt import Attempt
from training.contract import Options
from training.errors import InputError
from training.models import Loaded
from training.reading import Answered
from training.rows import Messages, Row, Text, calls_tools, is_blank, plain

Tools = list[Any] | None  # JSON schemas of functions
ACCEPTED_LOSS = 0.01  # share of rows that may be left out without a reason given


class Encoder:
    """Token ids exactly as the model will see them when it is asked.

    What people or models typed never becomes a control token. A completion ends with an
    end-of-sequence token, and its prompt's ids are an exact prefix of the whole.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._tokenizer = loaded.tokenizer
        self._eos = frozenset(loaded.eos_ids)
        self._end = loaded.eos_ids[0]

    def prompt(self, prompt: Text, *, tools: Tools = None, place: str) -> list[int]:
        """Ids up to where the answer begins."""
        if isinstance(prompt, str):
            ids = self._tokenizer(prompt, split_special_tokens=True)["input_ids"]
            return [int(i) for i in ids]
        return self._render(prompt, tools=tools, place=place, add_generation_prompt=True)

    def completion(
        self,
        prompt: Text,
        completion: Text,
        prompt_ids: list[int],
        *,
        tools: Tools = None,
        place: str,
    ) -> list[int]:
        """Ids of the answer, its end included."""
        if isinstance(completion, str) or isinstance(prompt, str):
            ids = self._tokenizer(
                plain(completion), add_special_tokens=False, split_special_tokens=True
            )["input_ids"]
            return [*(int(i) for i in ids), self._end]
        whole = self._render(
            prompt + completion, tools=tools, place=place, add_generation_prompt=False
        )
        if whole[: len(prompt_ids)] != prompt_ids:
            raise InputError(
                f"{place}: the chat template of this model writes the prompt differently once it is "
                "answered, so it would learn from what it never sees; use a template that does not.",
                code="prompt_rewritten",
            )
        return self._until_end(whole[len(prompt_ids) :], place=place)

    def _until_end(self, ids: list[int], *, place: str) -> list[int]:
        """Without what a template writes after the end of the answer."""
        ends = [at for at, each in enumerate(ids) if each in self._eos]
        if not ends:
            raise InputError(
                f"{place}: the chat template of this model ends no answer with an end-of-sequence "
                "token, so it would never learn to stop; use a template that does.",
                code="no_end",
            )
        return ids[: ends[-1] + 1]

    def _render(
        self, turns: Messages, *, tools: Tools, place: str, add_generation_prompt: bool
    ) -> list[int]:
        if not self._tokenizer.chat_template:
            raise InputError(
                f"{place} is a conversation, but this model has no chat template; give plain text, "
                "or choose a model for conversations."
            )
        if calls_tools(turns) and "tool_calls" not in self._tokenizer.chat_template:
            raise InputError(
                f"{place} calls tools, which the chat template of this model cannot write; leave such "
                "rows out, or choose a model that is made for tools."
            )
        ids: Any = self._tokenizer.apply_chat_template(
            turns,
            tools=tools,
            add_generation_prompt=add_generation_prompt,
            sanitize_control_tokens=True,
            return_dict=False,
        )
        return [int(i) for i in ids]


@dataclass(frozen=True)
class Encoded:
    """A row in token ids: one prompt, and a completion for each of its names."""

    row: Row
    prompt: list[int]
    completions: dict[str, list[int]]

    @property
    def length(self) -> int:
        return len(self.prompt) + max(map(len, self.completions.values()), default=0)

    @property
    def answered(self) -> Answered:
        return Answered(self.prompt, list(self.completions.values()))


class Left(NamedTuple):
    """A row that cannot be used, and why."""

    row: Row
    reason: str
    tokens: int


@dataclass
class Sorted:
    """The rows of one input: those to use, and those left out."""

    name: str
    used: list[Encoded] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def encode_rows(
    rows: Sequence[Row],
    loaded: Loaded,
    *,
    name: str,
    answers: Sequence[str],
    limit: int,
    beat: Callable[[], None] = lambda: None,
) -> Sorted:
    """Encode all rows, and leave out whole the ones that could not be learnt from.

    Args:
        answers: the fields that hold completions; none for prompts alone.
        limit: tokens that fit.
        beat: called at each row; may raise to stop.
    """
    encoder, result = Encoder(loaded), Sorted(name)
    for row in rows:
        beat()
        place = f"Input {name!r}, row {row.number} (id {row.id})"
        prompt, tools = row.texts["prompt"], row.tools
        ids = encoder.prompt(prompt, tools=tools, place=place)
        completions = {
            name: encoder.completion(prompt, row.texts[name], ids, tools=tools, place=place)
            for name in answers
        }
        each = Encoded(row, ids, completions)
        reason = _why_not(each, limit)
        if reason:
            result.left.append(Left(row, reason, each.length))
        else:
            result.used.append(each)
    return result


def demand_sane(options: Options) -> None:
    """Raise InputError for a setting that no run could mean."""
    if wrong := options.faults():
        raise InputError("This cannot be run: " + "; ".join(wrong) + ".")


def settle(
    attempt: Attempt,
    inputs: Sequence[Sorted],
    *,
    allow_dropped: str,
    limit: int,
    needed: str = "",
) -> None:
    """Report what is left out; refuse if it is more than one row in a hundred and nobody said why.

    Writes artifacts/dropped.jsonl where there is something to report.

    Args:
        needed: the input without whose rows there is nothing to do.
    """
    left = [(each.name, lost) for each in inputs for lost in each.left]
    given = sum(len(each.used) + len(each.left) for each in inputs)
    if left:
        share = len(left) / given
        named = ", ".join(f"{lost.row.id} ({lost.reason})" for _, lost in left[:5])
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        found = f"{len(left)} of {given} rows ({share:.1%}) cannot be used: {named}{more}"
        write_rows(
            attempt.artifacts / "dropped.jsonl",
            ({"input": name, "row": lost.row.number, "id": lost.row.id, "reason": lost.reason, "tokens": lost.tokens} for name, lost in left),
        )  # fmt: skip
        if share > ACCEPTED_LOSS and not allow_dropped:
            raise InputError(
                f"{found}. That is more than {ACCEPTED_LOSS:.0%}: shorten or remove them, choose a "
                f"model that takes more than {limit} tokens, or give the reason in allow_dropped.",
                code="rows_dropped",
            )
        accepted = f" Accepted because: {allow_dropped}" if allow_dropped else ""
        told = f"{found}. They are left out whole, never cut.{accepted}"
        attempt.find("rows_dropped", told)
    for each in inputs:
        if each.name == needed and not each.used:
            raise InputError(f"No row of the input {needed!r} can be used; see dropped.jsonl.")


def room(loaded: Loaded, wanted: int) -> int:
    """How many tokens a row may have: `wanted`, or all the model can take for 0."""
    if wanted > loaded.positions:
        raise InputError(
            f"max_length is {wanted}, but the model takes {loaded.positions} tokens; choose less."
        )
    return wanted or loaded.positions


def _why_not(each: Encoded, limit: int) -> str:
    texts = each.row.texts
    for name in each.completions:
        if is_blank(texts[name]):
            return f"{name} is empty"
    if not each.prompt:
        return "prompt is empty"
    if (
        "rejected" in each.completions
        and each.completions["chosen"] == each.completions["rejected"]
    ):
        return "chosen equals rejected"
    if each.length > limit:
        return f"{each.length} tokens, {limit} fit"
    return ""
