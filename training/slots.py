"""Keys and values of answers that are being written, one slot each.

Shapes: S slots, A slots in use (always the first ones), W columns, H heads, D head size, L tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin


class _Layer(CacheLayerMixin):  # type: ignore[no-untyped-call, misc, unused-ignore]  # untyped base
    """One layer of all slots. A token is written in its own answer's next column."""

    keys: Tensor  # SWHD
    values: Tensor  # SWHD

    def __init__(self, slots: int, width: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped base
        self._room = (slots, width)
        self.columns_A = torch.zeros(0, dtype=torch.long)  # slot × W + column
        self.width = 0  # columns that are read

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self.keys, self.values = self._empty(key_states), self._empty(value_states)
        self.is_initialized = True

    def _empty(self, like_AHLD: Tensor) -> Tensor:
        """Zeros: a masked place counts nothing only if it is a number."""
        shape = (*self._room, like_AHLD.shape[1], like_AHLD.shape[3])
        return torch.zeros(shape, dtype=like_AHLD.dtype, device=like_AHLD.device)

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        used = key_states.shape[0]
        for kept_SWHD, fresh_AH1D in ((self.keys, key_states), (self.values, value_states)):
            fresh_AHD = fresh_AH1D[:, :, 0].to(kept_SWHD.dtype)
            kept_SWHD.flatten(0, 1).index_copy_(0, self.columns_A, fresh_AHD)
        return (
            self.keys[:used, : self.width].transpose(1, 2),
            self.values[:used, : self.width].transpose(1, 2),
        )

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.width, 0

    def get_seq_length(self) -> int:
        return self.width

    def get_max_length(self) -> int:
        return self._room[1]


class Slots(Cache):  # type: ignore[misc, unused-ignore]  # untyped base
    """The cache that a model is given while answers are written."""

    def __init__(self, *, layers: int, slots: int, width: int) -> None:
        """Args: width: tokens that the longest prompt and its answer need."""
        self._width = width
        self._own = [_Layer(slots, width) for _ in range(layers)]
        super().__init__(layers=list(self._own))

    def fill(self, slots: Iterable[int], encoded: Any, at: int, length: int) -> None:
        """Put prompt `at` of an encoded batch into every one of `slots`.

        Args:
            encoded: the cache that the model filled when it read the batch.
        """
        for layer, read in zip(self._own, encoded.layers, strict=True):
            if not layer.is_initialized:
                layer.lazy_initialization(read.keys, read.values)
            for slot in slots:
                layer.keys[slot, :length] = read.keys[at, :, :length].transpose(0, 1)
                layer.values[slot, :length] = read.values[at, :, :length].transpose(0, 1)

    def move(self, source: Sequence[int], target: Sequence[int], width: int) -> None:
        """Take answers to other slots."""
        for layer in self._own:
            for here, there in zip(source, target, strict=True):
                layer.keys[there, :width] = layer.keys[here, :width]
                layer.values[there, :width] = layer.values[here, :width]

    def point(self, length_A: Tensor, width: int) -> None:
        """Say where the next tokens are written, and how many columns are read."""
        first_A = torch.arange(length_A.shape[0], device=length_A.device) * self._width
        for layer in self._own:
            layer.columns_A, layer.width = first_A + length_A, width
