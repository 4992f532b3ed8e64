"""Elastic weights: what mattered for an earlier task moves less. Shapes: as the adapter's weights."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from training.attempt import Attempt
from training.data import Encoded
from training.preparation import Prepared
from training.start import Start

READ = 256  # rows of the earlier task, at most

Weights = dict[str, Tensor]


class Elastic:
    """Weights tied to where they began, each by its Fisher information.

    Source: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", 2017,
    arXiv:1612.00796, equation 3.
    """

    def __init__(self, model: Any, start: Start, fisher: Weights) -> None:
        self._trained = {name: each for name, each in model.named_parameters() if name in fisher}
        self._start, self._fisher = start.weights, fisher

    def penalty(self) -> Tensor:
        """The sum over weights of F (w - w0)² / 2; its gradient is F (w - w0)."""
        pulls = [
            (self._fisher[name] * (each - self._start[name]).square()).sum()
            for name, each in self._trained.items()
        ]
        return torch.stack(pulls).sum() / 2


def fisher_of(attempt: Attempt, prepared: Prepared, rows: Sequence[Encoded]) -> Weights:
    """The diagonal Fisher information of each trained weight: by how much rows of the earlier task feel it.

    The mean over rows of the squared gradient of the log-likelihood of a row's answer, at most READ rows
    drawn by the seed, one by one, in 32 bits. Nothing is drawn by chance while they are read, so another
    attempt finds the same to the bit.
    """
    model = prepared.model
    if len(rows) > READ:
        chance = random.Random(attempt.spec.seed)  # noqa: S311
        rows = [rows[at] for at in sorted(chance.sample(range(len(rows)), READ))]
    trained = {name: each for name, each in model.named_parameters() if each.requires_grad}
    found = {name: torch.zeros_like(each, dtype=torch.float32) for name, each in trained.items()}
    was_training = model.training
    model.eval()
    for done, row in enumerate(rows, start=1):
        attempt.stop.check()
        with prepared.device.autocast():
            likelihood = prepared.reader.logps(model, [row.answered]).sums_BC.sum()
        torch.autograd.backward(likelihood)
        for name, each in trained.items():
            if each.grad is not None:
                found[name] += each.grad.detach().float().square() / len(rows)
        model.zero_grad()
        attempt.progress(done, len(rows), note="weighing what the earlier task needs")
    model.train(was_training)
    return found
