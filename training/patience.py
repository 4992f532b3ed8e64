"""Ending a run that gets no better, and keeping its best weights; the same after a kill.

What is known lies in each checkpoint, so an attempt that goes on knows what the one before it knew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

WEIGHTS, FIGURES = "best.safetensors", "best.json"  # files: a folder would be taken for an adapter


class Patience:
    """How many evaluations in a row may be no better than the best; 0 for no end to it.

    Only those after step `since` count, the end of the warm-up: a rate that still rises shows nothing yet.
    """

    def __init__(self, model: Any, *, evaluations: int) -> None:
        self._model = model
        self._most = evaluations
        self.since = 0
        self._waited = 0
        self._weights: dict[str, Any] = {}
        self.best: dict[str, float] = {}

    @property
    def is_on(self) -> bool:
        return self._most > 0

    def is_over(self, step: int, found: dict[str, float]) -> bool:
        """Take note of an evaluation; whether it was one too many that is no better."""
        if not self.is_on or step <= self.best.get("best_step", -1.0):
            return False
        if not self.best or found["eval_loss"] < self.best["eval_loss"]:
            self.best, self._waited = {**found, "best_step": float(step)}, 0
            self._weights = {name: each.detach().cpu().clone() for name, each in self._trained()}
        elif step > self.since:
            self._waited += 1
        return self._waited >= self._most

    def write(self, checkpoint: Path) -> None:
        if self.best:
            save_file(self._weights, checkpoint / WEIGHTS)
            (checkpoint / FIGURES).write_text(json.dumps([self.best, self._waited]), "utf-8")

    def read(self, checkpoint: Path | None) -> None:
        if self.is_on and checkpoint is not None and (checkpoint / FIGURES).is_file():
            self.best, self._waited = json.loads((checkpoint / FIGURES).read_text("utf-8"))
            self._weights = load_file(checkpoint / WEIGHTS)

    def restore(self) -> None:
        """Give the model the best weights back."""
        if not self.best:
            return
        with torch.no_grad():
            for name, each in self._trained():
                each.copy_(self._weights[name])

    def _trained(self) -> Iterator[tuple[str, Any]]:
        return (pair for pair in self._model.named_parameters() if pair[1].requires_grad)
