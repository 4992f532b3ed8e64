"""Answers written side by side: where one ends, the next begins in its place.

A prompt is read once for all its answers, and what several prompts begin with once for all of them. Shapes: S slots, A of them in use, P prompts, L tokens.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import psutil
import torch
from torch import Tensor
from transformers import DynamicCache

from training.choosing import Decoding, choose, draws_of
from training.device import Device
from training.mixing import Adapters
from training.models import Loaded
from training.slots import Slots
from training.stopping import Stop

READ_AT_ONCE = 16_384  # tokens of prompts, padding included
REFILL = 8  # new answers begin when an eighth of the slots is free
MEMORY_SHARE = 0.5  # of what is free, for keys and values


@dataclass
class Wanted:
    """One answer to write, to prompt `at`, by its own seed and adapter."""

    at: int
    index: int
    prompt: list[int]
    how: Decoding
    seed: int
    ids: list[int] = field(default_factory=list)
    adapter: int = 0  # its number, where answers by several stand side by side
    family: int = 0  # of prompts that begin alike, see training.families
    shared: int = 0  # tokens of the prompt that all of its family begin with

    @property
    def most(self) -> int:
        return len(self.prompt) + self.how.max_new_tokens


def can_pool(model: Any) -> bool:
    """Whether every layer attends to all that was said, by a mask of ours."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    taken = inspect.signature(_inner(model).forward).parameters
    return (
        kinds == {"full_attention"}
        and not getattr(config, "sliding_window", None)
        and config._attn_implementation in {"sdpa", "eager"}
        and bool(getattr(_inner(model), "_supports_attention_backend", False))
        and {"position_ids", "past_key_values", "logits_to_keep"} <= set(taken)
    )


def slots_that_fit(model: Any, device: Device, *, width: int, most: int) -> int:
    """As many as half of the free memory holds, `most` at most."""
    config = model.config.get_text_config()
    heads = int(getattr(config, "num_key_value_heads", None) or config.num_attention_heads)
    size = int(
        getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    )
    each = 2 * int(config.num_hidden_layers) * heads * size * width * device.dtype.itemsize
    return max(1, min(most, int(MEMORY_SHARE * _free_bytes(device)) // each))


class Pool:
    """Slots in which a model writes answers."""

    def __init__(
        self,
        model: Any,
        loaded: Loaded,
        *,
        slots: int,
        width: int,
        draws: int,
        adapters: Adapters | None = None,
    ) -> None:
        """Args: draws: tokens of the longest answer; adapters: of the answers, where there are several."""
        self._model, self._loaded, self._adapters = model, loaded, adapters
        self._slots, self._writing = slots, list[Wanted]()
        config = model.config.get_text_config()
        self._cache = Slots(layers=config.num_hidden_layers, slots=slots, width=width)
        where = loaded.device.name
        self._token_S = torch.zeros(slots, dtype=torch.long, device=where)
        self._length_S = torch.zeros(slots, dtype=torch.long, device=where)
        self._adapter_S = torch.zeros(slots, dtype=torch.long, device=where)
        self._how_S2 = torch.zeros((slots, 2), device=where)  # temperature, top_p
        self._draw_ST = torch.zeros((slots, draws), dtype=torch.float64, device=where)
        self._drawn_S = torch.zeros(slots, dtype=torch.long, device=where)
        self._column_W = torch.arange(width, device=where)
        self._begun: tuple[tuple[int, int], Any] | None = (
            None  # what a family begins with, by adapter
        )

    def write(self, waiting: Sequence[Wanted], stop: Stop) -> Iterator[Wanted]:
        """Each answer as it is finished, its `ids` filled.

        Raises:
            Interrupted: a stop was asked for; noticed at each token.
        """
        waiting = list(reversed(waiting))
        while waiting or self._writing:
            free = self._slots - len(self._writing)
            if waiting and (not self._writing or free * REFILL >= self._slots):
                fresh = [waiting.pop() for _ in range(min(free, len(waiting)))]
                yield from self._admit(fresh, stop)
            if self._writing:
                stop.check()
                self._step()
                yield from self._leave()

    def _admit(self, fresh: list[Wanted], stop: Stop) -> Iterator[Wanted]:
        by_prompt = [list(group) for _, group in groupby(fresh, key=_read_for)]
        for few in _portions(by_prompt):
            stop.check()
            self._read([group[0].prompt for group in few], few)
        yield from self._leave()

    def _read(self, prompts: list[list[int]], groups: list[list[Wanted]]) -> None:
        """Read prompts, padded on the right where nobody looks, and choose their first tokens."""
        first, shared = len(self._writing), groups[0][0].shared
        rests = [prompt[shared:] for prompt in prompts]
        ids_PL = torch.full((len(rests), max(map(len, rests))), self._loaded.pad_id)
        for at, rest in enumerate(rests):
            ids_PL[at, : len(rest)] = torch.tensor(rest)
        lasts = sorted({len(rest) - 1 for rest in rests})
        ids_PL = ids_PL.to(self._token_S.device)
        adapter_P = torch.tensor([group[0].adapter for group in groups], device=ids_PL.device)
        encoded = self._beginning(groups[0][0], len(prompts)) if shared else DynamicCache()
        kept = torch.tensor(lasts, device=ids_PL.device)
        logits_PLV = self._logits(ids_PL, adapter_P, past_key_values=encoded, logits_to_keep=kept)
        rows, keeps = list[int](), list[int]()
        for at, group in enumerate(groups):
            begin, length = len(self._writing), len(prompts[at])
            self._writing += group
            self._cache.fill(range(begin, len(self._writing)), encoded, at, length)
            self._length_S[begin : len(self._writing)] = length
            self._adapter_S[begin : len(self._writing)] = group[0].adapter
            rows += [at] * len(group)
            keeps += [lasts.index(length - shared - 1)] * len(group)
        self._set_chance(first)
        self._take(logits_PLV[rows, keeps], first)

    def _beginning(self, one: Wanted, copies: int) -> Any:
        """Keys and values of what all of a family begin with, read when the first of it comes, so many times."""
        key = (one.family, one.adapter)
        if self._begun is None or self._begun[0] != key:
            read = DynamicCache()
            ids_1L = torch.tensor([one.prompt[: one.shared]], device=self._token_S.device)
            adapter_1 = torch.tensor([one.adapter], device=ids_1L.device)
            self._logits(ids_1L, adapter_1, past_key_values=read, logits_to_keep=1)
            self._begun = (key, read)
        copied = DynamicCache()
        for at, layer in enumerate(self._begun[1].layers):
            both = (each.expand(copies, -1, -1, -1) for each in (layer.keys, layer.values))
            copied.update(*both, at)
        return copied

    def _set_chance(self, first: int) -> None:
        fresh = self._writing[first:]
        draw = torch.zeros((len(fresh), self._draw_ST.shape[1]), dtype=torch.float64)
        for row, each in enumerate(fresh):
            if each.how.temperature > 0:
                count = each.how.max_new_tokens
                draw[row, :count] = draws_of(each.seed, count=count)
        rows = slice(first, len(self._writing))
        self._draw_ST[rows] = draw.to(self._draw_ST.device)
        how = torch.tensor([[each.how.temperature, each.how.top_p] for each in fresh])
        self._how_S2[rows] = how.to(self._how_S2.device)
        self._drawn_S[rows] = 0

    def _step(self) -> None:
        """One more token of each answer."""
        used = len(self._writing)
        length_A = self._length_S[:used]
        width = max(len(each.prompt) + len(each.ids) for each in self._writing)
        self._cache.point(length_A, width)
        self._length_S[:used] += 1
        mask_A11W = (self._column_W[:width] < length_A[:, None])[:, None, None]
        logits_A1V = self._logits(
            self._token_S[:used, None],
            self._adapter_S[:used],
            attention_mask=mask_A11W,
            position_ids=length_A[:, None] - 1,
            past_key_values=self._cache,
        )
        self._take(logits_A1V[:, -1], 0)

    def _logits(self, ids: Tensor, adapter: Tensor, **more: Any) -> Tensor:
        if self._adapters is not None:
            self._adapters.choose(adapter)
        with torch.no_grad(), self._loaded.device.autocast():
            logits: Tensor = self._model(input_ids=ids, use_cache=True, **more).logits
            return logits

    def _take(self, logits_AV: Tensor, first: int) -> None:
        rows = slice(first, len(self._writing))
        draw_A = self._draw_ST[rows].gather(1, self._drawn_S[rows, None])[:, 0]
        token_A = choose(logits_AV, draw_A, self._how_S2[rows, 0], self._how_S2[rows, 1])
        self._token_S[rows] = token_A
        self._drawn_S[rows] += 1
        for each, token in zip(self._writing[first:], token_A.tolist(), strict=True):
            each.ids.append(token)

    def _leave(self) -> Iterator[Wanted]:
        """Hand out what has ended; the last ones move into the places that are free."""
        ends = self._loaded.eos_ids
        gone = [
            slot
            for slot, each in enumerate(self._writing)
            if each.ids[-1] in ends or len(each.ids) == each.how.max_new_tokens
        ]
        if not gone:
            return
        done = [self._writing[slot] for slot in gone]
        staying = len(self._writing) - len(gone)
        target = [slot for slot in gone if slot < staying]
        leaving = set(gone)
        source = [s for s in range(staying, len(self._writing)) if s not in leaving]
        if source:
            self._move(source, target)
        del self._writing[staying:]
        yield from done

    def _move(self, source: list[int], target: list[int]) -> None:
        for there, here in zip(target, source, strict=True):
            self._writing[there] = self._writing[here]
        width = max(len(self._writing[t].prompt) + len(self._writing[t].ids) for t in target)
        self._cache.move(source, target, width)
        for kept in (
            self._token_S,
            self._length_S,
            self._adapter_S,
            self._how_S2,
            self._draw_ST,
            self._drawn_S,
        ):
            kept[target] = kept[source]


def _read_for(each: Wanted) -> tuple[int, int]:
    """What a prompt is read once for: all its answers by one adapter."""
    return each.at, each.adapter


def _begins_with(each: Wanted) -> tuple[int, int] | None:
    return (each.family, each.adapter) if each.shared else None


def _portions(groups: list[list[Wanted]]) -> Iterator[list[list[Wanted]]]:
    """As many prompts as are read at once, of one family where they share anything; there is always one."""
    few: list[list[Wanted]] = []
    for group in groups:
        longest = max(len(each[0].prompt) for each in [*few, group])
        is_full = longest * (len(few) + 1) > READ_AT_ONCE
        if few and (is_full or _begins_with(few[0][0]) != _begins_with(group[0])):
            yield few
            few = []
        few.append(group)
    if few:
        yield few


def _inner(model: Any) -> Any:
    """The model below an adapter."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _free_bytes(device: Device) -> int:
    if device.is_cpu:
        return int(psutil.virtual_memory().available)
    kept = (
        torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    )  # by PyTorch, and not in use
    return int(torch.cuda.mem_get_info()[0]) + kept
