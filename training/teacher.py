"""A model that is read for what it would say, and never trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from training.attempt import Attempt
from training.errors import InputError
from training.models import Loaded, attach_adapter, load_base
from training.reading import Answered, Reader


class Teacher:
    """The spec's teacher, on the device of the model that learns from it.

    Raises:
        InputError: it cannot be loaded, or its tokens are not those of the model.
    """

    def __init__(self, attempt: Attempt, learner: Loaded) -> None:
        spec = replace(attempt.spec, model=attempt.spec.teacher, adapter=attempt.spec.teacher_adapter)  # fmt: skip
        alone = replace(attempt, spec=spec, environment={})  # what a run stood on is its model
        self.loaded = load_base(alone, learner.device)
        if self.loaded.tokenizer.get_vocab() != learner.tokenizer.get_vocab():
            raise InputError(
                f"The teacher {spec.model} has other tokens than {attempt.spec.model}, so what it would say "
                "next cannot be compared: take a teacher of the same family, or let it write answers "
                "with the recipe generate and learn from those."
            )
        self.reader = Reader(self.loaded)
        self.model = attach_adapter(self.loaded.model, alone, trainable=False) if spec.adapter else self.loaded.model  # fmt: skip
        self.model.eval()
        self.model.requires_grad_(requires_grad=False)

    @property
    def head(self) -> Any:
        return self.loaded.model.get_output_embeddings()

    def hidden(self, rows: Sequence[Answered]) -> Tensor | None:
        """What it holds at the tokens of the answers, MH."""
        with torch.no_grad(), self.loaded.device.autocast():
            return self.reader.logps(self.model, rows).hidden_MV
