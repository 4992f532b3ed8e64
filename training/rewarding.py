"""The one number that a reward model gives an answer. Shapes: B rows, C answers of a row, V hidden units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from training.models import HEAD
from training.reading import Reader, by_length
from training.trees import Tree


def rewards(reader: Reader, model: Any, trees: Sequence[Tree]) -> Tensor:
    """Of each branch, BC, read at its last token, which ends the answer; in 32 bits."""
    with reader.device.autocast():
        hidden_BCV = reader.hidden_ends(trees)
    with torch.autocast(reader.device.name, enabled=False):
        reward_BC: Tensor = getattr(model.get_base_model(), HEAD)(hidden_BCV.float()).squeeze(-1)
    return reward_BC


def all_rewards(
    reader: Reader,
    model: Any,
    trees: Sequence[Tree],
    *,
    batch_size: int,
    beat: Callable[[int], None] = lambda done: None,
) -> list[list[float]]:
    """Without gradients, long rows with long ones; in the order of `trees`.

    Args:
        beat: called with the number of rows that were done; may raise to stop.
    """
    found: list[list[float]] = [[]] * len(trees)
    was_training = model.training
    model.eval()
    try:
        for batch in by_length(trees, batch_size):
            with torch.no_grad():
                told = rewards(reader, model, [trees[at] for at in batch]).tolist()
            for at, each in zip(batch, told, strict=True):
                found[at] = each
            beat(len(batch))
    finally:
        model.train(was_training)
    return found
