"""What is trained as training begins, kept to go back to for a moment. Shapes: none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Start:
    """Of a fresh adapter that is the base, which it does not change yet; of a given one that adapter as it was;
    of a whole model its weights.

    Make it before the first step: a checkpoint that a run goes on from is read later, so every attempt
    has the same start.
    """

    def __init__(self, model: Any, *, weights: dict[str, Any] | None = None) -> None:
        """Args:
        weights: by name, where they are known from elsewhere; None for a copy of those of now.
        """
        self._model = model
        self.weights = weights or {
            name: each.detach().clone()
            for name, each in model.named_parameters()
            if each.requires_grad
        }

    @contextmanager
    def in_place(self) -> Iterator[Any]:
        """The model as it was, without dropout; only to be read, and before what has a gradient."""
        was_training = self._model.training
        trained = {name: each for name, each in self._model.named_parameters() if name in self.weights}  # fmt: skip
        now = {name: each.data for name, each in trained.items()}
        self._model.eval()
        for name, each in trained.items():
            each.data = self.weights[name]
        try:
            yield self._model
        finally:
            for name, each in trained.items():
                each.data = now[name]
            self._model.train(was_training)
