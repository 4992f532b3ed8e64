"""Answers from a model: the same spec gives the same answers. Shapes: B answers, T tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

from training.models import Loaded
from training.stopping import Stop


@dataclass(frozen=True)
class Decoding:
    """How tokens are chosen; temperature 0 takes the likeliest."""

    temperature: float
    top_p: float
    max_new_tokens: int


@dataclass(frozen=True)
class Answer:
    """`ids` are as they were drawn, with the end-of-sequence token where there is one."""

    content: str
    finish: Literal["stop", "length"]
    ids: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """The end-of-sequence token is not counted."""
        return len(self.ids) - (self.finish == "stop")


def answer_prompts(
    model: Any,
    loaded: Loaded,
    prompts: Sequence[list[int]],
    *,
    n: int,
    how: Decoding,
    batch_size: int,
    seed: int,
    stop: Stop,
    beat: Callable[[int, int], None],
) -> list[list[Answer]]:
    """`n` answers to each prompt, in the order of `prompts`.

    Chance begins anew in each batch, from the seed and the batch's number; so an attempt that was
    stopped gives the same answers when it is made again.

    Args:
        model: the base of `loaded`, or an adapter on it.
        beat: called with how many answers are done, of how many.

    Raises:
        Interrupted: a stop was asked for; noticed at each token.
    """
    wanted = sorted(
        ((at, index) for at in range(len(prompts)) for index in range(n)),
        key=lambda each: (len(prompts[each[0]]), each),
    )
    found: list[list[Answer | None]] = [[None] * n for _ in prompts]
    loaded.model.generation_config = _settings(loaded, how)
    model.eval()
    for start in range(0, len(wanted), batch_size):
        batch = wanted[start : start + batch_size]
        torch.manual_seed(_seed(seed, start // batch_size))
        answers = _batch(model, loaded, [prompts[at] for at, _ in batch], stop)
        for (at, index), each in zip(batch, answers, strict=True):
            found[at][index] = each
        beat(start + len(batch), len(wanted))
    return [[each for each in answers if each is not None] for answers in found]


class _Asked(StoppingCriteria):  # type: ignore[no-untyped-call, misc, unused-ignore]  # untyped base
    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def __call__(self, ids_BT: Any, scores: Any, **kwargs: Any) -> Any:
        self._stop.check()
        return torch.zeros(ids_BT.shape[0], dtype=torch.bool, device=ids_BT.device)


def _settings(loaded: Loaded, how: Decoding) -> GenerationConfig:
    """Ours alone: a model's own generation settings would change what a person asked for."""
    chance = (
        {"do_sample": True, "temperature": how.temperature, "top_p": how.top_p, "top_k": 0}
        if how.temperature > 0
        else {"do_sample": False}
    )
    return GenerationConfig(
        max_new_tokens=how.max_new_tokens,
        eos_token_id=list(loaded.eos_ids),
        pad_token_id=loaded.pad_id,
        **chance,
    )


def _batch(model: Any, loaded: Loaded, prompts: list[list[int]], stop: Stop) -> list[Answer]:
    longest = max(map(len, prompts))
    ids_BT = torch.full((len(prompts), longest), loaded.pad_id)
    mask_BT = torch.zeros((len(prompts), longest), dtype=torch.long)
    for at, prompt in enumerate(prompts):  # padded on the left, so that answers begin together
        ids_BT[at, longest - len(prompt) :] = torch.tensor(prompt)
        mask_BT[at, longest - len(prompt) :] = 1
    with torch.no_grad(), loaded.device.autocast():
        out_BT = model.generate(
            input_ids=ids_BT.to(loaded.device.name),
            attention_mask=mask_BT.to(loaded.device.name),
            stopping_criteria=StoppingCriteriaList([_Asked(stop)]),
        )
    return [_answer(loaded, row) for row in out_BT[:, longest:].tolist()]


def _answer(loaded: Loaded, ids: list[int]) -> Answer:
    end = next((at for at, each in enumerate(ids) if each in loaded.eos_ids), None)
    content = loaded.tokenizer.decode(ids[:end], skip_special_tokens=True)
    if end is None:
        return Answer(str(content), "length", tuple(ids))
    return Answer(str(content), "stop", tuple(ids[: end + 1]))


def _seed(seed: int, batch: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{batch}".encode()).digest()[:6], "big")
