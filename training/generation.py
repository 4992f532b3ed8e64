"""Answers from a model: the same seed gives the same answers. Shapes: B answers, T tokens, V tokens of the vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from training.choosing import Decoding, choose, draws_of
from training.families import families_of
from training.mixing import Adapters
from training.models import Loaded
from training.pool import Pool, Wanted, can_pool, slots_that_fit
from training.seeds import seed_of
from training.stopping import Stop

__all__ = ["Answer", "Decoding", "Wanted", "answer_prompts", "answered", "write_answers"]


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

    Args:
        model: the base of `loaded`, or an adapter on it.
        batch_size: answers that are written side by side, at most; it changes no answer.
        beat: called with how many answers are done, of how many.

    Raises:
        Interrupted: a stop was asked for; noticed at each token.
    """
    wanted = [
        Wanted(at, index, prompt, how, seed_of(seed, f"{at}:{index}"))
        for at, prompt in enumerate(prompts)
        for index in range(n)
    ]
    found: dict[tuple[int, int], Answer] = {}
    for each in write_answers(model, loaded, wanted, most=batch_size, stop=stop):
        found[each.at, each.index] = answered(loaded, each.ids)
        if len(found) % batch_size == 0 or len(found) == len(wanted):
            beat(len(found), len(wanted))
    return [[found[at, index] for index in range(n)] for at in range(len(prompts))]


def write_answers(
    model: Any,
    loaded: Loaded,
    wanted: Sequence[Wanted],
    *,
    most: int,
    stop: Stop,
    adapters: Adapters | None = None,
) -> Iterator[Wanted]:
    """Each answer as it is finished, its `ids` filled; prompts that begin alike together, then of like length.

    Args:
        most: answers that are written side by side.
        adapters: on the model, where there are several.

    Raises:
        Interrupted: a stop was asked for; noticed at each token.
    """
    if not wanted:
        return
    model.eval()
    ordered = in_families(wanted)
    width = max(each.most for each in ordered)
    slots = slots_that_fit(model, loaded.device, width=width, most=min(most, len(ordered)))
    if can_pool(model):
        draws = max(each.how.max_new_tokens for each in ordered)
        pool = Pool(model, loaded, slots=slots, width=width, draws=draws, adapters=adapters)
        yield from pool.write(ordered, stop)
        return
    for start in range(0, len(ordered), slots):
        if adapters is not None:
            numbers = [each.adapter for each in ordered[start : start + slots]]
            adapters.choose(torch.tensor(numbers, device=loaded.device.name))
        _write_batch(model, loaded, ordered[start : start + slots], stop)
        yield from ordered[start : start + slots]


def in_families(wanted: Sequence[Wanted]) -> list[Wanted]:
    """In the order in which they are read, each told its family; families by their longest prompt."""
    prompts = {each.at: each.prompt for each in wanted}
    keys = list(prompts)
    place: dict[int, tuple[int, int]] = {}  # by prompt: how long its family is, and which
    shared: dict[int, int] = {}
    for family in families_of(list(prompts.values())):
        mine = [keys[nth] for nth in family.places]
        longest, name = max(len(prompts[key]) for key in mine), min(mine)
        place |= dict.fromkeys(mine, (longest, name))
        shared |= dict.fromkeys(mine, family.shared)
    for each in wanted:
        each.family, each.shared = place[each.at][1], shared[each.at]
    return sorted(
        wanted,
        key=lambda each: (*place[each.at], each.adapter, len(each.prompt), each.at, each.index),
    )


def answered(loaded: Loaded, ids: Sequence[int]) -> Answer:
    """What the tokens say, and whether the answer ended by itself."""
    end = next((at for at, each in enumerate(ids) if each in loaded.eos_ids), None)
    content = str(loaded.tokenizer.decode(list(ids[:end]), skip_special_tokens=True))
    if end is None:
        return Answer(content, "length", tuple(ids))
    return Answer(content, "stop", tuple(ids[: end + 1]))


class _Asked(StoppingCriteria):  # type: ignore[no-untyped-call, misc, unused-ignore]  # untyped base
    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def __call__(self, ids_BT: Any, scores: Any, **kwargs: Any) -> Any:
        self._stop.check()
        return torch.zeros(ids_BT.shape[0], dtype=torch.bool, device=ids_BT.device)


class _Chosen(LogitsProcessor):  # type: ignore[misc, unused-ignore]  # untyped base
    """Leaves only the token that is chosen as everywhere, so that the likeliest is that one."""

    def __init__(self, batch: Sequence[Wanted], device: str) -> None:
        self._most = max(each.how.max_new_tokens for each in batch)
        draws = [draws_of(each.seed, count=self._most) for each in batch]
        self._draw_BT = torch.stack(draws).to(device)
        how = [[each.how.temperature, each.how.top_p] for each in batch]
        self._how_B2 = torch.tensor(how, device=device)
        self._at = 0

    def __call__(self, ids_BT: Tensor, scores_BV: Tensor) -> Tensor:
        draw_B = self._draw_BT[:, self._at]
        token_B = choose(scores_BV, draw_B, self._how_B2[:, 0], self._how_B2[:, 1])
        self._at += 1
        only_BV = torch.full_like(scores_BV, -torch.inf)
        return only_BV.scatter_(1, token_B[:, None], 0.0)


def _write_batch(model: Any, loaded: Loaded, batch: Sequence[Wanted], stop: Stop) -> None:
    """For models whose layers look at other things than all that was said: one batch to its end."""
    longest = max(len(each.prompt) for each in batch)
    ids_BT = torch.full((len(batch), longest), loaded.pad_id)
    mask_BT = torch.zeros((len(batch), longest), dtype=torch.long)
    for at, each in enumerate(batch):  # padded on the left, so that answers begin together
        ids_BT[at, longest - len(each.prompt) :] = torch.tensor(each.prompt)
        mask_BT[at, longest - len(each.prompt) :] = 1
    loaded.model.generation_config = GenerationConfig(  # a model's own would change what was asked
        max_new_tokens=max(each.how.max_new_tokens for each in batch),
        eos_token_id=list(loaded.eos_ids),
        pad_token_id=loaded.pad_id,
        do_sample=False,
    )
    with torch.no_grad(), loaded.device.autocast():
        out_BT = model.generate(
            input_ids=ids_BT.to(loaded.device.name),
            attention_mask=mask_BT.to(loaded.device.name),
            stopping_criteria=StoppingCriteriaList([_Asked(stop)]),
            logits_processor=LogitsProcessorList([_Chosen(batch, loaded.device.name)]),
        )
    for each, row in zip(batch, out_BT[:, longest:].tolist(), strict=True):
        end = next((at for at, token in enumerate(row) if token in loaded.eos_ids), len(row))
        each.ids = row[: min(end + 1, each.how.max_new_tokens)]
