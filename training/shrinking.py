"""L1 and L2 on the trained weights, in the gradient: what AdamW's own weight_decay, which acts beside it, is not."""

from __future__ import annotations

from typing import Any

import torch
from transformers import TrainerCallback

from training.contract import TrainOptions


class Shrinking(TrainerCallback):
    """Adds l1 · sign(w) + l2 · w to the gradient of each trained weight, after clipping, once a step.

    So the loss that is told stays the loss of the rows, and runs can be compared by it.
    """

    def __init__(self, model: Any, options: TrainOptions) -> None:
        self._trained = [each for each in model.parameters() if each.requires_grad]
        self._l1, self._l2 = options.l1, options.l2

    def on_pre_optimizer_step(self, *_: Any, **__: Any) -> None:
        if not (self._l1 or self._l2):
            return
        with torch.no_grad():
            for each in self._trained:
                if each.grad is not None:
                    each.grad.add_(each.sign(), alpha=self._l1).add_(each, alpha=self._l2)
