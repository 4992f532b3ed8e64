"""A batch read in as many parts as the memory needs, each step the same; and what a run will need.

Shapes: none; `rows` are numbers of rows.
"""

from __future__ import annotations

import gc
import math
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from training.device import Device
from training.errors import InputError

Gradients = dict[str, Any]
TIGHT = 0.9  # share of the memory from which little is left for what else may come


class Parts:
    """Reads a batch in parts of at most `size` rows, and in smaller ones once memory runs out."""

    def __init__(
        self, size: int, *, shrunk: Callable[[int, int, str], None], may_shrink: bool = True
    ) -> None:
        """Args:
        shrunk: is told the old size, the new one and what the device said.
        may_shrink: not where other processes would wait for this one.
        """
        self.size = size
        self._may_shrink = may_shrink
        self._shrunk = shrunk

    def step(self, model: Any, rows: Sequence[int], part: Callable[[list[int]], Any]) -> Any:
        """The sum of what `part` returns; it reads some rows and adds to the gradients.

        Where memory runs out, the gradients are set back to what they were, and the batch is read again.

        Raises:
            InputError: a single row does not fit.
        """
        before = _gradients(model)
        while True:
            try:
                return sum(part(list(each)) for each in self._cut(rows))
            except torch.OutOfMemoryError as error:
                said = str(error).splitlines()[0]
            _set_back(model, before)  # out of the clause: its traceback holds the activations
            _free()
            self._shrink(len(rows), said)

    def _cut(self, rows: Sequence[int]) -> Iterator[Sequence[int]]:
        return (rows[start : start + self.size] for start in range(0, len(rows), self.size))

    def _shrink(self, rows: int, said: str) -> None:
        size = min(self.size, rows)
        if not self._may_shrink:
            raise InputError(
                "A device's memory does not hold its share of a batch, and devices that share a base (sharding) read in "
                f"step: take a smaller batch_size and as much more accumulation, which is the same step. {said}",
                code="does_not_fit",
            )
        if size == 1:
            raise InputError(
                "The device's memory does not hold a single row: take a smaller max_length (longer rows "
                f"are then left out), a smaller lora_rank or base, or a larger device. {said}",
                code="does_not_fit",
            )
        self.size = math.ceil(size / 2)
        self._shrunk(size, self.size, said)


def _gradients(model: Any) -> Gradients:
    """Of earlier batches of the same step; mostly there are none."""
    named = model.named_parameters()
    return {name: each.grad.clone() for name, each in named if each.grad is not None}


def _set_back(model: Any, before: Gradients) -> None:
    for name, each in model.named_parameters():
        each.grad = before.get(name)


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextmanager
def chance_kept(device: Device) -> Iterator[None]:
    """What is drawn inside does not change what is drawn afterwards."""
    with torch.random.fork_rng(devices=[] if device.is_cpu else [torch.cuda.current_device()]):
        yield


def begin_peak(device: Device) -> None:
    if not device.is_cpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()


def peak_bytes(device: Device) -> int:
    """The most that was held at once: on an accelerator since `begin_peak`, else by this process ever."""
    if not device.is_cpu:
        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def memory_bytes(device: Device) -> int:
    """All that there is."""
    if not device.is_cpu:
        return int(torch.cuda.get_device_properties(0).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def optimizer_bytes(model: Any) -> int:
    """What AdamW will hold once it has made a step: two numbers for each that is trained."""
    return sum(8 * each.numel() for each in model.parameters() if each.requires_grad)
