"""How likely a model finds answers. Shapes: B rows, T tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from training.device import Device


def completion_logps(
    model: Any,
    rows: Sequence[tuple[list[int], list[int]]],
    *,
    device: Device,
    pad_id: int,
    batch_size: int,
    beat: Callable[[int], None] = lambda done: None,
) -> list[float]:
    """Sum of log-probabilities of each completion, in nats, given its prompt.

    Long rows share batches with long ones. The model must carry TRL's fused head.

    Args:
        rows: (prompt ids, completion ids), neither empty.
        beat: called with the number of rows done; may raise to stop.

    Returns:
        One number per row, in the order of `rows`. With V equally likely tokens, -n ln V for n tokens.
    """
    order = sorted(range(len(rows)), key=lambda at: -len(rows[at][0]) - len(rows[at][1]))
    found = [0.0] * len(rows)
    was_training = model.training
    model.eval()
    try:
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            sums_B = _batch_logps(model, [rows[at] for at in chosen], device=device, pad_id=pad_id)
            for at, value in zip(chosen, sums_B.tolist(), strict=True):
                found[at] = value
            beat(start + len(chosen))
    finally:
        model.train(was_training)
    return found


def _batch_logps(
    model: Any, rows: Sequence[tuple[list[int], list[int]]], *, device: Device, pad_id: int
) -> Tensor:
    longest = max(len(prompt) + len(said) for prompt, said in rows)
    ids_BT = torch.full((len(rows), longest), pad_id)
    labels_BT = torch.full((len(rows), longest), -100)
    mask_BT = torch.zeros((len(rows), longest), dtype=torch.long)
    for at, (prompt, said) in enumerate(rows):
        end = len(prompt) + len(said)
        ids_BT[at, :end] = torch.tensor(prompt + said)
        labels_BT[at, len(prompt) : end] = torch.tensor(said)
        mask_BT[at, :end] = 1
    with torch.no_grad(), device.autocast():
        logps_BT: Tensor = model(
            input_ids=ids_BT.to(device.name),
            attention_mask=mask_BT.to(device.name),
            labels=labels_BT.to(device.name),
            fused_lm_head=True,
        ).log_probs
    return logps_BT.double().sum(dim=1).cpu()
