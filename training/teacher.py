"""A model that is read and never trained: for what it would say next, or for what it thinks of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from training.attempt import Attempt
from training.errors import InputError
from training.models import TALKS, Loaded, attach_adapter, load_base
from training.reading import Answered, Reader
from training.rewarding import rewards
from training.trees import Tree


class Teacher:
    """The spec's teacher, on the device of the model that learns from it.

    Args:
        kind: what it is for; TALKS, or JUDGES for a reward model.

    Raises:
        InputError: it cannot be loaded, is for something else, or its tokens are not those of the model.
    """

    def __init__(self, attempt: Attempt, learner: Loaded, *, kind: str = TALKS) -> None:
        spec = replace(attempt.spec, model=attempt.spec.teacher, adapter=attempt.spec.teacher_adapter)  # fmt: skip
        alone = replace(attempt, spec=spec, environment={})  # what a run stood on is its model
        self.loaded = load_base(alone, learner.device, kind=kind)
        if self.loaded.tokenizer.get_vocab() != learner.tokenizer.get_vocab():
            raise InputError(
                f"{spec.model}, that is to be learnt from, has other tokens than {attempt.spec.model}, so neither "
                "can read what the other says: take one of the same family."
            )
        self.reader = Reader(self.loaded)
        self.model = (
            attach_adapter(self.loaded.model, alone, trainable=False, kind=kind)
            if spec.adapter
            else self.loaded.model
        )
        self.model.eval()
        self.model.requires_grad_(requires_grad=False)

    @property
    def head(self) -> Any:
        return self.loaded.model.get_output_embeddings()

    def hidden(self, rows: Sequence[Answered]) -> Tensor | None:
        """What it holds at the tokens of the answers, MH."""
        with torch.no_grad(), self.loaded.device.autocast():
            return self.reader.logps(self.model, rows).hidden_MV

    def rewards(self, trees: Sequence[Tree]) -> Tensor:
        """What a reward model gives each branch, BC."""
        with torch.no_grad():
            return rewards(self.reader, self.model, trees)
