"""The longest batch, tried before the first step: whether it fits, what a run will take, where it begins."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from training.attempt import Attempt
from training.errors import InputError
from training.fitting import (
    TIGHT,
    begin_peak,
    chance_kept,
    memory_bytes,
    optimizer_bytes,
    peak_bytes,
)
from training.reading import SAME

REST_IN_16_BITS = 0.1  # what rounding may make of a loss that is known


def try_longest(trainer: Any, attempt: Attempt, model: Any) -> None:
    """A forward and a backward, of which nothing is left but the size of parts that fits.

    Args:
        trainer: a Watched in its first step.
        model: what it trains, wrapped as it trains it.

    Raises:
        InputError: a single row does not fit, or the model is not at rest.
    """
    device, size = trainer.prepared.device, trainer.args.per_device_train_batch_size
    numbers = range(len(trainer.row_ids))
    batch = sorted(numbers, key=lambda at: (-trainer.tokens_of(at), at))[:size]
    rows = trainer.world.share(batch)
    tokens = None
    if trainer.weighs_tokens:
        tokens = torch.tensor(sum(len(trainer.learnt_tokens(at)) for at in rows or batch))
    begin_peak(device)
    with chance_kept(device):
        begun = time.monotonic()
        loss = float(trainer.in_parts(model, rows, tokens, batch=rows or batch))  # waits for it
        peak = peak_bytes(device)
        seconds = time.monotonic() - begun
    model.zero_grad()
    if not rows:
        return  # fewer than processes
    if not trainer.state.global_step:
        loss *= trainer.current_gradient_accumulation_steps
        exact = device.dtype == torch.float32
        demand_rest(trainer.told_of_batch() | {"loss": loss}, trainer.at_rest(rows), exact=exact)
    _foretell(trainer, attempt, batch, seconds=seconds, peak=peak)


def demand_rest(told: Mapping[str, float], at_rest: Mapping[str, float], *, exact: bool) -> None:
    """Raise InputError where a model that has learnt nothing is not at rest.

    Args:
        at_rest: what must be told of it, such as a loss of ln 2 and a margin of 0 for DPO.
        exact: whether numbers have 32 bits; else only the loss is looked at, for sums over tokens are rough.
    """
    for name, value in at_rest.items():
        most = (SAME if exact else REST_IN_16_BITS) * max(1.0, abs(value))
        if (exact or name == "loss") and abs(told[name] - value) > most:
            raise InputError(
                f"The first {name} is {told[name]:.4f}, but must be {value:.4f} for a model that has learnt "
                "nothing yet: the reference is not what training begins with. Start the run anew, and "
                "report it if it comes again.",
                code="wrong_start",
            )


def _foretell(
    trainer: Any, attempt: Attempt, rows: Sequence[int], *, seconds: float, peak: int
) -> None:
    """Time for the steps alone, as if all were as quick for their tokens as this batch was."""
    device, args, state = trainer.prepared.device, trainer.args, trainer.state
    tokens = [trainer.tokens_of(at) for at in range(len(trainer.row_ids))]
    longest = sum(tokens[at] for at in rows)
    batches = (state.max_steps - state.global_step) * args.gradient_accumulation_steps
    usual = sum(tokens) / len(tokens) * len(rows)
    there = memory_bytes(device)
    attempt.events.write(
        "forecast",
        seconds=round(seconds * batches * usual / longest, 1),
        batch_seconds=round(seconds, 3),
        batch_rows=len(rows),
        batch_tokens=longest,
        rows_at_once=min(trainer.parts.size, len(rows)),
        peak_bytes=peak,
        memory_bytes=there,
        hardware=device.hardware,
    )
    wanted = peak + (0 if device.is_cpu else optimizer_bytes(trainer.prepared.model))
    if wanted > TIGHT * there:
        told = f"{wanted / 1e9:.1f} of {there / 1e9:.1f} GB, with {longest:,} tokens at once"
        attempt.find("memory_tight", told)
